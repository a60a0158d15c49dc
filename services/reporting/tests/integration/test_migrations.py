"""A log of an older release is brought up to date, with ingesters and readers at work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.exc import OperationalError

from chassis.database import Database, make_engine
from chassis.migrate import migrate
from chassis.ownership import opened_as_owner
from chassis.testing import admin_url, new_database
from reporting.store import log
from reporting.store.partitions import prepare_partitions

WAITING = text("SELECT count(*) FROM pg_locks WHERE relation = 'engagements'::regclass AND NOT granted")


@pytest.fixture
def upgraded() -> Iterator[Callable[[str], Database]]:
    """`upgraded("0003")`: the same new database at that revision, at a later one the next time."""
    with new_database("reporting") as url:
        database = Database(make_engine(url, pool_size=2))

        def to(revision: str) -> Database:
            migrate("reporting", url, admin_url(), revision)
            return database

        yield to
        database.dispose()


def test_shares_of_the_delivered_begin_with_what_was_counted(upgraded: Callable[[str], Database]) -> None:
    database = upgraded("0003")
    counted = [(10, 3, 1), (2, 3, 4), (5, 0, 0)]  # delivered, unsubscribes, complaints
    with database.transaction() as session:
        for key, (delivered, unsubscribes, complaints) in enumerate(counted):
            session.execute(
                text(
                    "INSERT INTO counters (scope_id, dimension, key, account_id, delivered, unsubscribes, complaints)"
                    " VALUES (:id, 0, :key, :id, :delivered, :unsubscribes, :complaints)"
                ),
                {
                    "id": uuid4(), "key": str(key), "delivered": delivered, "unsubscribes": unsubscribes,
                    "complaints": complaints,
                },
            )  # fmt: skip

    upgraded("head")

    with database.transaction() as session:
        rows = session.execute(
            text("SELECT delivered_unsubscribes, delivered_complaints FROM counters ORDER BY key")
        ).all()
    assert [tuple(row) for row in rows] == [(3, 1), (2, 2), (0, 0)]


def test_a_writer_at_work_and_the_upgrade_wait_in_no_circle(upgraded: Callable[[str], Database]) -> None:
    database = upgraded("0003")
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as writer:
            writer.execute(text("LOCK TABLE engagements IN ROW EXCLUSIVE MODE"))
            done = pool.submit(upgraded, "head")
            wait_for_the_upgrade(database)
            writer.execute(text("LOCK TABLE messages, counters IN ROW EXCLUSIVE MODE"))
        done.result(timeout=60)


COUNT = text(
    "INSERT INTO counters (scope_id, dimension, key, account_id) VALUES (gen_random_uuid(), 0, '', gen_random_uuid())"
)
MAKING = text(
    "SELECT count(*) FROM pg_locks WHERE relation = 'counters'::regclass AND granted"
    " AND mode = 'ShareUpdateExclusiveLock'"
)
IS_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'counters_hours'::regclass")


def test_indexes_are_made_while_counters_are_written_by_one_of_two_jobs(
    upgraded: Callable[[str], Database],
) -> None:
    database = upgraded("0007")
    with ThreadPoolExecutor(2) as pool:
        with database.transaction() as writer:
            writer.execute(COUNT)
            jobs = [pool.submit(upgraded, "head") for _ in range(2)]
            wait_for_the_upgrade(database, MAKING)
            with database.transaction() as another:
                another.execute(text("SET LOCAL lock_timeout = '5s'"))
                another.execute(COUNT)
        for job in jobs:
            job.result(timeout=60)
    with database.transaction() as session:
        assert session.scalar(IS_VALID)


def test_an_index_whose_making_was_broken_off_is_made_anew(upgraded: Callable[[str], Database]) -> None:
    database = upgraded("0007")
    with (
        pytest.raises(OperationalError, match="lock timeout"),
        database.transaction() as writer,
        opened_as_owner(database.engine.url.render_as_string(hide_password=False), admin_url()) as owner,
    ):
        writer.execute(COUNT)
        owner.execution_options(isolation_level="AUTOCOMMIT")
        owner.execute(text("SET lock_timeout = '100ms'"))
        owner.execute(text("CREATE INDEX CONCURRENTLY counters_hours ON counters (account_id)"))
    with database.transaction() as session:
        assert not session.scalar(IS_VALID)

    upgraded("head")

    with database.transaction() as session:
        assert session.scalar(IS_VALID)


def test_each_part_of_a_log_gets_its_index_also_when_the_making_was_broken_off(
    upgraded: Callable[[str], Database],
) -> None:
    database = upgraded("0013")
    prepare_partitions(database, datetime.now(UTC))
    with opened_as_owner(database.engine.url.render_as_string(hide_password=False), admin_url()) as owner:
        owner.execute(
            text(
                "CREATE INDEX messages_default_left ON messages_default (message_id)"
                " WHERE unsubscribed_at IS NOT NULL OR complained_at IS NOT NULL"
            )
        )

    upgraded("head")
    prepare_partitions(database, datetime.now(UTC) + timedelta(days=9))

    with database.transaction() as session:
        assert session.scalar(text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'messages_left'::regclass"))
        counted = text("SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass(:of)")
        assert session.scalar(counted, {"of": "messages_left"}) == session.scalar(counted, {"of": "messages"}) > 6
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.scalars(
            text(
                "EXPLAIN SELECT FROM messages WHERE message_id > '00000000-0000-0000-0000-000000000001'"
                " AND unsubscribed_at IS NOT NULL"
            )
        )
        assert "messages_default_left" in "\n".join(plan)


def test_the_counters_wait_for_writers_of_the_log() -> None:
    """The migration names the lock by its numbers: what it says must stay what it was."""
    assert (log.LOCK_SPACE, log.EVERYTHING) == (7497072, 1024)


def wait_for_the_upgrade(database: Database, waiting: TextClause = WAITING) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with database.transaction() as session:
            if session.scalar(waiting):
                return
    raise AssertionError("the upgrade does not wait")
