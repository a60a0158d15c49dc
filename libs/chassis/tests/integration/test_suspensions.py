"""Suspended accounts as a service remembers them: late news changes nothing, everybody who watches hears of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis import suspensions
from chassis.database import Database, make_engine
from chassis.testing import truncate, wait_until
from chassis.waking import Watch
from contracts.errors import Forbidden

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def make(database_url: Callable[[str], str]) -> Iterator[Callable[[], Database]]:
    made: list[Database] = []

    def new() -> Database:
        made.append(Database(make_engine(database_url("sms_gateway"), pool_size=2)))
        return made[-1]

    truncate(new())
    yield new
    for database in made:
        database.dispose()


def note(database: Database, account_id: UUID, is_suspended: bool, minute: int, version: int = 0) -> bool:
    with database.transaction() as session:
        return suspensions.note(
            session, account_id=account_id, is_suspended=is_suspended, version=version,
            occurred_at=NOON + timedelta(minutes=minute),
        )  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.permutations([(1, True), (2, False), (3, True), (4, False)]), st.lists(st.integers(0, 9), min_size=4), st.data()
)
def test_the_highest_version_holds_whatever_the_clocks_say_and_in_whatever_order_they_come(
    make: Callable[[], Database], order: list[tuple[int, bool]], minutes: list[int], data: st.DataObject
) -> None:
    """Clocks of two machines disagree, events come twice and some never: the latest that came is what holds."""
    database, account_id = make(), uuid4()
    come = data.draw(st.lists(st.sampled_from(order), min_size=1, max_size=8))
    known = 0
    for version, is_suspended in come:
        is_news = note(database, account_id, is_suspended, minutes[version - 1], version)
        assert is_news is (version > known)
        known = max(known, version)
    with database.transaction() as session:
        assert suspensions.is_suspended(session, account_id) is dict(order)[known]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations([(1, True, 5), (2, False, 0), (3, True, 6), (4, False, 0)]), st.integers(1, 4))
def test_while_two_releases_run_the_later_of_two_holds_also_where_one_has_no_version(
    make: Callable[[], Database], order: list[tuple[int, bool, int]], many: int
) -> None:
    """In whatever order they come, and some never: `(minute, is_suspended, version)`."""
    database, account_id = make(), uuid4()
    for minute, is_suspended, version in [*order[:many], *order[:many]]:
        note(database, account_id, is_suspended, minute, version)
    with database.transaction() as session:
        assert suspensions.is_suspended(session, account_id) is max(order[:many])[1]


def test_what_is_told_late_of_a_closed_account_changes_nothing(make: Callable[[], Database]) -> None:
    database, account_id = make(), uuid4()
    note(database, account_id, True, 1)
    with database.transaction() as session:
        suspensions.close(session, account_id)
        suspensions.close(session, account_id)
    assert not note(database, account_id, True, 2)
    with database.transaction() as session:
        assert not suspensions.note(session, account_id=account_id, is_suspended=True, occurred_at=NOON, version=10**12)
        assert suspensions.suspended(session) == frozenset()
        assert suspensions.is_closed(session, account_id)
        assert not suspensions.is_closed(session, uuid4())


def test_what_is_remembered_of_closed_accounts_goes_after_a_month(make: Callable[[], Database]) -> None:
    database, old, new = make(), uuid4(), uuid4()
    with database.transaction() as session:
        suspensions.close(session, old)
        session.execute(text("UPDATE account_suspensions SET changed_at = now() - interval '31 days'"))
        suspensions.close(session, new)
        assert session.scalars(text("SELECT account_id FROM account_suspensions")).all() == [new]


def test_the_later_of_two_holds_in_whatever_order_they_come(make: Callable[[], Database]) -> None:
    database, account_id = make(), uuid4()
    assert note(database, account_id, False, 2)
    assert not note(database, account_id, True, 1)
    with database.transaction() as session:
        suspensions.refuse(session, account_id)
    assert note(database, account_id, True, 3)
    assert not note(database, account_id, True, 3)
    with pytest.raises(Forbidden, match=r"account\.suspended"), database.transaction() as session:
        suspensions.refuse(session, account_id)


def test_a_suspension_waits_for_who_has_just_been_let_pass(make: Callable[[], Database]) -> None:
    database, account_id = make(), uuid4()
    noted = threading.Event()

    def suspend() -> None:
        note(database, account_id, True, 1)
        noted.set()

    with database.transaction() as session:
        suspensions.refuse(session, account_id)
        thread = threading.Thread(target=suspend)
        thread.start()
        assert not noted.wait(0.3)
    assert noted.wait(10)
    thread.join()


def test_every_process_that_watches_hears_of_it_and_so_does_the_one_that_notes_it(make: Callable[[], Database]) -> None:
    here, elsewhere, account_id, stop = make(), make(), uuid4(), threading.Event()
    heard: dict[str, frozenset[str]] = {}
    for name, database in (("here", here), ("elsewhere", elsewhere)):

        def look(name: str = name, database: Database = database) -> None:
            with database.transaction() as session:
                heard[name] = suspensions.suspended(session)

        watch = Watch(database, suspensions.SUSPENSIONS, look)
        threading.Thread(target=watch.run, args=(stop,), daemon=True).start()
    try:
        wait_until(lambda: set(heard) == {"here", "elsewhere"}, what="both watching")
        note(here, account_id, True, 1)
        all_heard = {"here": {str(account_id)}, "elsewhere": {str(account_id)}}
        wait_until(lambda: heard == all_heard, what="both hearing", timeout=2)
        note(here, account_id, False, 2)
        wait_until(lambda: heard == {"here": set(), "elsewhere": set()}, what="both hearing", timeout=2)
    finally:
        stop.set()
