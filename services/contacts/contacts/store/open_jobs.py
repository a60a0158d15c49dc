"""How many jobs of an account wait or run."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


def number_open(session: Session, *, account_id: UUID, kinds: Sequence[str]) -> int:
    """The account's jobs of these kinds that wait or run; until the commit nobody else counts them."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('jobs:' || :account, 0))")
    session.execute(lock, {"account": str(account_id)})
    counted = session.scalar(
        text(
            "SELECT count(*) FROM jobs WHERE account_id = :account AND kind = ANY(:kinds)"
            " AND state IN ('waiting', 'running')"
        ),
        {"account": account_id, "kinds": list(kinds)},
    )
    return int(counted or 0)
