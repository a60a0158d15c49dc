"""A database of an older release is brought up to date with messages in hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from channel import lane_outbox
from chassis.database import Database, cursor_of, make_engine
from chassis.ids import new_id
from chassis.migrate import migrate
from chassis.testing import admin_url, new_database
from contracts import lanes
from email_gateway.domain.senders import SYSTEM_ACCOUNT

ACCOUNT, CAMPAIGN, CONTACT = new_id(), new_id(), new_id()
_ADD = text(
    "INSERT INTO ledger (message_id, account_id, campaign_id, contact_id, address, sender, lane, state, attempts,"
    " claimed_by, content_hash, fields) VALUES (:id, :account, :campaign, :contact, :address, 'news@sklep.example',"
    " :lane, :state, 1, :by, :content, CAST(:fields AS jsonb))"
)
_ADD_RETRY = text(
    "INSERT INTO retries"
    " (message_id, account_id, address, lane, content_hash, fields, attempts, first_tried_at, due_at) VALUES"
    " (:id, :account, :address, :lane, :content, '{}', 2, now(), now())"
)


@pytest.fixture
def upgraded() -> Iterator[Callable[[str], Database]]:
    """`upgraded("0003")`: the same new database at that revision, at a later one the next time."""
    with new_database("email") as url:
        database = Database(make_engine(url, pool_size=2))

        def to(revision: str) -> Database:
            migrate("email_gateway", url, admin_url(), revision)
            return database

        yield to
        database.dispose()


def row(state: str, lane: str, account: UUID = ACCOUNT, address: str = "ala@poczta.example") -> dict[str, Any]:
    is_bulk = lane == "bulk"
    return {
        "id": new_id(), "account": account, "campaign": CAMPAIGN if is_bulk else None, "address": address,
        "contact": CONTACT if is_bulk else None, "lane": lane, "state": state,
        "by": new_id() if state == "claimed" else None, "content": None if is_bulk else "c", "fields": "{}",
    }  # fmt: skip


def add(database: Database, rows: list[dict[str, Any]]) -> None:
    with database.transaction() as session:
        session.execute(_ADD, rows)


def told(database: Database) -> list[list[dict[str, Any]]]:
    """What the next outbound process publishes of what nobody living has in hand: the events of each lane message."""
    with database.transaction() as session:
        left = lane_outbox.take_over(cursor_of(session), new_id(), [], 50)
    bodies = [orjson.loads(body) for _, lane, body in left if lane == lanes.DELIVERY_EVENTS]
    assert {(body["v"], body["source"]) for body in bodies} <= {(1, "email_gateway")}
    return [body["events"] for body in bodies]


def states(database: Database) -> dict[UUID, str]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT message_id, state FROM ledger")).all()
    return {row.message_id: row.state for row in rows}


def waiting(database: Database) -> dict[UUID, str]:
    """To whom what waits goes, by message."""
    with database.transaction() as session:
        rows = session.execute(text("SELECT message_id, body FROM retries")).all()
    return {message_id: orjson.loads(body)["recipients"][0]["address"] for message_id, body in rows}


def test_what_the_old_process_had_in_hand_is_settled_as_after_a_crash(upgraded: Callable[[str], Database]) -> None:
    database = upgraded("0003")
    bulk, single, deferred = (
        row("claimed", "bulk"),
        row("claimed", "transactional"),
        row("deferred", "transactional", address="ola@poczta.example"),
    )
    done, ours = row("delivered", "bulk"), row("claimed", "bulk", SYSTEM_ACCOUNT)
    add(database, [bulk, single, deferred, done, ours])
    with database.transaction() as session:
        session.execute(_ADD_RETRY, deferred)

    upgraded("head")

    assert states(database) == {
        bulk["id"]: "unknown", single["id"]: "deferred", deferred["id"]: "deferred", done["id"]: "delivered",
        ours["id"]: "unknown",
    }  # fmt: skip
    assert waiting(database) == {single["id"]: "ala@poczta.example", deferred["id"]: "ola@poczta.example"}
    ((event,),) = told(database)
    assert abs(event.pop("at") - bulk["id"].int / 2**80 / 1000) < 60
    assert event == {
        "message_id": str(bulk["id"]), "account_id": str(ACCOUNT), "kind": "unknown", "channel": "email",
        "campaign_id": str(CAMPAIGN), "contact_id": str(CONTACT), "address": "ala@poczta.example",
        "sender": "news@sklep.example", "domain": "poczta.example", "code": "", "detail": "", "parts": 1,
    }  # fmt: skip


def test_many_are_told_of_a_thousand_at_a_time(upgraded: Callable[[str], Database]) -> None:
    database = upgraded("0003")
    rows = [row("claimed", "bulk", address=f"a{number}@poczta.example") for number in range(2_001)]
    add(database, rows)

    upgraded("head")

    batches = told(database)
    assert sorted(map(len, batches)) == [1, 1_000, 1_000]
    assert {event["message_id"] for events in batches for event in events} == {str(one["id"]) for one in rows}


def test_nothing_in_hand_is_nothing_to_tell(upgraded: Callable[[str], Database]) -> None:
    database = upgraded("0003")
    add(database, [row("delivered", "bulk")])

    upgraded("head")

    assert told(database) == []
