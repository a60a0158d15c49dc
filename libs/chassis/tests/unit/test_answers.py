"""What crosses the wire is of a kind that the other end can rebuild."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import DataError, OperationalError, TimeoutError

from chassis.answers import AGAIN_SECONDS, as_told
from chassis.bus_messages import BrokerBlocked, PublishFailed
from contracts.errors import KINDS, Unavailable, WiciError


@pytest.mark.parametrize("kind", [*KINDS.values(), BrokerBlocked, PublishFailed])
def test_every_error_of_ours_is_told_by_a_kind_of_the_contracts(kind: type[WiciError]) -> None:
    told = as_told(kind("thing.wrong", "No.", {"limit": 3}))

    assert isinstance(told, WiciError)
    assert (KINDS[type(told).__name__], told.code, told.detail, told.extra) == (
        type(told), "thing.wrong", "No.", {"limit": 3},
    )  # fmt: skip
    assert isinstance(kind("a"), type(told))


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT 1", {}, psycopg.errors.AdminShutdown("bye")),
        OperationalError("SELECT 1", {}, psycopg.OperationalError("no server")),
        OperationalError("SELECT 1", {}, psycopg.errors.QueryCanceled("statement timeout")),
        TimeoutError("the pool's"),
    ],
)
def test_a_database_that_is_away_is_worth_asking_again(error: Exception) -> None:
    told = as_told(error)

    assert isinstance(told, Unavailable) and told.code == "database.unavailable"


def test_a_database_without_room_is_told_as_what_it_is() -> None:
    """Whoever is woken by the answers looks at the disk and not at the network."""
    told = as_told(OperationalError("INSERT", {}, psycopg.errors.DiskFull("No space left on device")))

    assert isinstance(told, Unavailable)
    assert (told.code, told.extra) == ("database.full", {"retry_after": AGAIN_SECONDS})


def test_what_may_be_done_is_not_worth_asking_again() -> None:
    def lost_at(statement: str | None) -> BaseException:
        cause = psycopg.OperationalError("server closed the connection unexpectedly")
        return as_told(OperationalError(statement, {}, cause, connection_invalidated=True))

    told, before = lost_at(None), lost_at("INSERT")
    assert isinstance(told, Unavailable) and isinstance(before, Unavailable)
    assert (told.code, "retry_after" in told.extra) == ("database.unanswered", False)
    assert (before.code, "retry_after" in before.extra) == ("database.unavailable", True)


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), DataError("INSERT", {}, psycopg.errors.NumericValueOutOfRange())]
)
def test_what_nobody_foresaw_stays_as_it_is(error: Exception) -> None:
    assert as_told(error) is error
