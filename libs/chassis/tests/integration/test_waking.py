"""Who waits for work hears of it at the commit, from its own process and from another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from chassis import testing, waking
from chassis.database import Database, make_engine
from chassis.waking import Waker


@pytest.fixture
def make(database_url: Callable[[str], str]) -> Iterator[Callable[[], Database]]:
    url, made = database_url("sms_gateway"), []

    def new() -> Database:
        made.append(Database(make_engine(url, pool_size=1)))
        return made[-1]

    yield new
    for database in made:
        database.dispose()


@pytest.fixture
def waker(make: Callable[[], Database]) -> Iterator[Waker]:
    """One that listens, with nothing to wake it any more."""
    waker = Waker(make(), "work").start()
    testing.wait_until(lambda: waker.wait(1), what="listening")
    yield waker
    waker.close()


def pid_of(waker: Waker) -> int:
    with waker._database.transaction() as session:
        return int(session.scalar(text("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%work%'")))


def test_wake_of_another_process_comes_with_its_commit(make: Callable[[], Database], waker: Waker) -> None:
    with make().transaction() as session:
        waking.wake(session, "work")
        assert not waker.wait(0.2)

    assert waker.wait(5)


def test_wake_of_the_own_process_needs_no_statement(waker: Waker) -> None:
    with waker._database.transaction() as session:
        waking.wake(session, "work")
        assert session.connection().connection.dbapi_connection.info.transaction_status.name == "IDLE"  # type: ignore[union-attr]

    assert waker.wait(0)


def test_what_is_rolled_back_wakes_nobody(make: Callable[[], Database], waker: Waker) -> None:
    for database in (make(), waker._database):
        with pytest.raises(ZeroDivisionError), database.transaction() as session:
            waking.wake(session, "work")
            raise ZeroDivisionError

    assert not waker.wait(0.3)


def test_lost_connection_wakes_and_is_replaced(make: Callable[[], Database], waker: Waker) -> None:
    lost = pid_of(waker)
    with waker._database.transaction() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})

    assert waker.wait(10), "what was said meanwhile is not known"
    with make().transaction() as session:
        waking.wake(session, "work")
    assert waker.wait(5)
    assert pid_of(waker) != lost


def test_closing_ends_the_listening_at_once(make: Callable[[], Database]) -> None:
    waker = Waker(make(), "work").start()
    testing.wait_until(lambda: waker.wait(1), what="listening")

    waker.close()

    assert not any(thread.name == "waker-work" for thread in threading.enumerate())
