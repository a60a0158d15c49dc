"""Keys of requests for single messages go with the days of the ledger, and none sooner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from channel import old_days
from chassis.database import Database
from chassis.ids import new_id
from contracts.ids import first_id_at
from email_gateway.outbound.email import EmailOutbound
from email_gateway.store import messages

NOW = datetime.now(UTC)
KEPT = EmailOutbound.kept_days


def test_keys_of_requests_go_in_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_days, "AT_ONCE", 2)
    account_id = new_id()
    made = {f"key{days}": first_id_at(NOW - timedelta(days=days)) for days in (0, KEPT - 1, *range(KEPT + 2, KEPT + 7))}
    with database.transaction() as session:
        assert messages.keep_requests(session, [(account_id, key, send_id) for key, send_id in made.items()])

    for _ in range(2):
        old_days.forget(database.engine, EmailOutbound.partitioned, KEPT, NOW)

    with database.transaction() as session:
        left = messages.made_before(session, [(account_id, key) for key in made])
    assert {key for _, key in left} == {"key0", f"key{KEPT - 1}"}
    assert _index_is_used(database, first_id_at(NOW))


def _index_is_used(database: Database, before: UUID) -> bool:
    with database.transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.scalars(
            text("EXPLAIN SELECT send_id FROM requests WHERE send_id < :before ORDER BY send_id LIMIT 5000"),
            {"before": before},
        )
        return any("requests_send_id" in line for line in plan)
