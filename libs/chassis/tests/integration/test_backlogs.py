"""What waits in the database is told when somebody scrapes, and asks for little."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from chassis.backlogs import FRESH_SECONDS, Backlog, Backlogs, age_of, count_of
from chassis.database import Database, make_engine
from chassis.testing import truncate

WAITING = (
    count_of("t_waiting", "Rows", "outbox WHERE exchange <> 'done'"),
    age_of("t_oldest_seconds", "Age", "recorded_at", "outbox WHERE exchange <> 'done'"),
    Backlog("t_broken", "No such table", "SELECT 1 FROM nowhere"),
    Backlog("t_by_kind", "By kind", "SELECT routing_key, count(*) FROM outbox GROUP BY 1", ("kind",)),
)


@pytest.fixture
def database(database_url: Callable[[str], str]) -> Iterator[Database]:
    made = Database(make_engine(database_url("campaigns"), pool_size=2))
    truncate(made)
    yield made
    truncate(made)
    made.dispose()


@pytest.fixture
def backlogs(database: Database) -> Iterator[Backlogs]:
    told = Backlogs(database.engine, WAITING)
    yield told
    told.close()


def _figures() -> dict[tuple[Any, ...], float]:
    found = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    return {(one.name, *one.labels.values()): one.value for one in found if one.name.startswith("t_")}


def test_rows_are_counted_and_the_oldest_is_told(
    backlogs: Backlogs, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _figures() == {("t_waiting",): 0, ("t_oldest_seconds",): 0}  # what cannot be looked up is left out
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO outbox (routing_key, recorded_at, exchange, body)"
                " VALUES ('a', now() - interval '1 hour', '', ''),"
                " ('b', now(), '', ''), ('b', now() - interval '1 day', 'done', '')"
            )
        )
    assert _figures()["t_waiting",] == 0  # as a moment ago

    monkeypatch.setattr("chassis.backlogs.time.monotonic", lambda: FRESH_SECONDS * 1e9)
    figures = _figures()
    assert (figures["t_waiting",], figures["t_by_kind", "b"]) == (2, 2)
    assert 3600 <= figures["t_oldest_seconds",] < 7200


def test_what_takes_too_long_is_left_out(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.backlogs.STATEMENT_MILLISECONDS", 50)
    told = Backlogs(database.engine, [Backlog("t_slow", "Takes too long", "SELECT 1 FROM pg_sleep(30)")])
    try:
        assert _figures() == {}
    finally:
        told.close()


def test_a_pool_that_is_used_up_is_told_of_without_waiting_for_it(backlogs: Backlogs, database: Database) -> None:
    def told() -> dict[tuple[Any, ...], float]:
        samples = (sample for metric in backlogs.collect() for sample in metric.samples)
        return {(one.name, *one.labels.values()): one.value for one in samples}

    with database.engine.connect(), database.engine.connect():
        assert told() == {("wici_database_connections", "used"): 2, ("wici_database_connections", "size"): 2}


def test_after_its_end_nothing_is_told(database: Database) -> None:
    Backlogs(database.engine, WAITING).close()
    assert _figures() == {}
