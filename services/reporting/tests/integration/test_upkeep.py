"""Partitions are made, cold ones indexed, old ones dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from chassis.database import Database
from reporting.store import partitions


def relations(database: Database, like: str) -> set[str]:
    with database.transaction() as session:
        return set(session.scalars(text("SELECT relname FROM pg_class WHERE relname LIKE :like"), {"like": like}).all())


def test_cold_days_are_indexed_and_old_ones_dropped(database: Database) -> None:
    past = datetime(2020, 2, 10, tzinfo=UTC)
    partitions.look_after(database, past)
    fresh = "messages_p20200210"
    assert fresh in relations(database, "messages_p2020%")
    assert relations(database, "messages_p2020%waiting") == set()

    partitions.look_after(database, past + timedelta(days=4))
    assert f"{fresh}_waiting" in relations(database, "messages_p2020%waiting")
    partitions.look_after(database, past + timedelta(days=4))

    partitions.look_after(database, past + partitions.KEEP + timedelta(days=30))
    assert relations(database, "messages_p2020%") == set()
    assert relations(database, "engagements_p2020%") == set()


def test_two_at_once_do_it_once(database: Database) -> None:
    with database.engine.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": partitions.LOCK})

        partitions.look_after(database, datetime.now(UTC))
