"""Receipts against the ledger, where another connector works at the same messages."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts.ids import message_id
from contracts.vocabulary import MessageState
from sms_gateway.store import receipts
from sms_gateway.store.receipts import Arrived

PHONE, SENDER = "+48600100200", "Wici"
CARRIER, ACCOUNT = new_id(), new_id()


class Interrupted:
    """A cursor before whose statement number `before` something happens in another session."""

    def __init__(self, cursor: Any, before: int, happen: Callable[[], Any]) -> None:
        self._cursor, self._left, self._happen = cursor, before, happen

    def execute(self, *arguments: Any) -> Any:
        if not self._left:
            self._happen()
        self._left -= 1
        return self._cursor.execute(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def arrived(identifier: str, state: str = "delivered", *, at: datetime | None = None, **more: Any) -> Arrived:
    moment = at or datetime.now(UTC)
    return Arrived(CARRIER, identifier, MessageState(state), "000", PHONE.lstrip("+"), moment.timestamp(), **more)


def settled(database: Database, identifier: str | None, state: str = "submitted", parts: int = 1) -> UUID:
    """A message in the ledger, as a connector settles it; one of several parts has ids `identifier`.1 and so on."""
    made = message_id(new_id(), 1)
    single = identifier if parts == 1 else None
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO ledger (message_id, account_id, carrier_id, carrier_message_id, address, state, parts,"
                " submitted_at) VALUES (:id, :account, :carrier, :identifier, :phone, :state, :parts, now())"
            ),
            {
                "id": made, "account": ACCOUNT, "carrier": CARRIER, "identifier": single, "phone": PHONE,
                "state": state, "parts": parts,
            },
        )  # fmt: skip
        for part in range(1, parts + 1) if parts > 1 else ():
            session.execute(
                text("INSERT INTO ledger_parts VALUES (:id, :part, :carrier, :identifier, 'submitted')"),
                {"id": made, "part": part, "carrier": CARRIER, "identifier": f"{identifier}.{part}"},
            )
    return made


def state_of(database: Database, message: UUID) -> str | None:
    with database.transaction() as session:
        return session.scalar(text("SELECT state FROM ledger WHERE message_id = :id"), {"id": message})


def parked(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(text("SELECT carrier_message_id FROM parked_receipts")))


def look_again(database: Database, after: timedelta = timedelta(0)) -> list[dict[str, Any]]:
    """What the keeper does with parked receipts, as if `after` had passed."""
    with database.transaction() as session:
        session.execute(text("UPDATE parked_receipts SET next_at = now()"))
        cursor = cursor_of(session)
        return receipts.apply(cursor, receipts.take_parked(cursor), datetime.now(UTC) + after)


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("parts", [1, 2])
def test_a_settlement_that_commits_between_two_looks_loses_no_receipt(
    database: Database, before: int, parts: int
) -> None:
    made: list[UUID] = []
    identifiers = ["c1"] if parts == 1 else ["c1.1", "c1.2"]

    with database.transaction() as session:
        cursor = Interrupted(cursor_of(session), before, lambda: made.append(settled(database, "c1", parts=parts)))
        receipts.apply(cursor, [arrived(each) for each in identifiers], datetime.now(UTC))
    if not made:
        made.append(settled(database, "c1", parts=parts))
    look_again(database)

    assert state_of(database, made[0]) == "delivered"
    assert parked(database) == []


def test_a_repeated_receipt_says_nothing_new(database: Database) -> None:
    final, unknown = settled(database, "c1", "delivered"), settled(database, "c2", "unknown")
    with database.transaction() as session:
        events = receipts.apply(
            cursor_of(session), [arrived("c1", "undelivered"), arrived("c2", "unknown")], datetime.now(UTC)
        )

    assert (events, parked(database)) == ([], [])
    assert (state_of(database, final), state_of(database, unknown)) == ("delivered", "unknown")


def test_receipts_of_two_parts_in_two_connectors_at_once_end_the_message(database: Database) -> None:
    message = settled(database, "c1", parts=2)
    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            receipts.apply(cursor_of(session), [arrived("c1.1")], datetime.now(UTC))
            second = other.submit(_apply_alone, database, arrived("c1.2"))
            wait_until(lambda: second.done() or waits_for_a_lock(database), what="the second connector at work")
        events = second.result(10)

    assert state_of(database, message) == "delivered"
    assert [event["kind"] for event in events] == ["delivered"]


def _apply_alone(database: Database, receipt: Arrived) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return receipts.apply(cursor_of(session), [receipt], datetime.now(UTC))


def waits_for_a_lock(database: Database) -> bool:
    with database.transaction() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))
