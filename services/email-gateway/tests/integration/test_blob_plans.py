"""Erasing a person looks for other contents of the same octets by an index, whatever the table holds."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import text

from chassis.database import Database
from email_gateway.store.people import OTHERS_OF_A_BLOB


def test_other_contents_of_the_same_octets_are_found_by_their_index(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.scalars(
            text(f"EXPLAIN SELECT 1 WHERE EXISTS ({OTHERS_OF_A_BLOB})"), {"account": uuid4(), "blob": "x"}
        ).all()

    assert any("contents_blob" in line for line in plan) and any("Index Cond" in line for line in plan), plan
    condition = next(line for line in plan if "Index Cond" in line)
    assert "account_id" in condition and "blob" in condition
