"""The audit trail of the whole account: what other services tell of, filters, operators' own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text as sql

from chassis import acts
from chassis.database import Database
from contracts import events
from contracts.errors import Forbidden
from identity.usecases import audit, closing

Actor = dict[str, Any]
NOTHING: Any = {"action": None, "since": None, "until": None}
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def told(database: Database) -> Callable[..., dict[str, Any]]:
    """`told(actor, "sender_id.requested", …)`: the event that another service's act becomes, as it is received."""

    def record(actor: Actor, action: str, **more: Any) -> dict[str, Any]:
        with database.transaction() as session:
            acts.record(session, events.SMS_GATEWAY_ACT, actor, action, **more)
            body = session.scalar(
                sql("DELETE FROM outbox WHERE routing_key = 'act_recorded' RETURNING body").execution_options()
            )
        loaded: dict[str, Any] = events.ActRecorded().loads(bytes(body))
        return loaded

    return record


@pytest.fixture
def keep(database: Database, told: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    def run(actor: Actor, action: str, **more: Any) -> dict[str, Any]:
        act = told(actor, action, **more)
        for _ in range(2):  # as the broker may
            with database.transaction() as session:
                audit.add_act(session, act=act)
        return act

    return run


@pytest.fixture
def read(database: Database) -> Callable[..., list[dict[str, Any]]]:
    """The account's trail by these filters, all pages of it, two entries at a time."""

    def all_pages(actor: Actor, use_case: Any = audit.list_audit_entries, **wanted: Any) -> list[dict[str, Any]]:
        cursor, entries = None, []
        while True:
            with database.transaction() as session:
                page = use_case(session, actor=actor, now=NOW, limit=2, cursor=cursor, **{**NOTHING, **wanted})
            entries += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return entries

    return all_pages


def test_an_act_elsewhere_stands_in_the_trail_once_with_who_what_when_and_whence(
    owner: Actor, keep: Callable[..., Any], read: Callable[..., Any]
) -> None:
    key_id, target_id = uuid4(), uuid4()
    actor = {**owner, "api_key_id": str(key_id), "address": "2001:db8::1", "request_id": "req-1"}

    act = keep(actor, "sender_id.requested", target_id=target_id, sender="Wici")

    [entry] = read(owner, action="sender_id.requested")
    assert (entry["id"], entry["at"]) == (act["event_id"], act["occurred_at"])
    assert (str(entry["user_id"]), entry["api_key_id"], entry["login"]) == (owner["user_id"], key_id, "kowal")
    assert (entry["target_id"], entry["address"], entry["request_id"]) == (str(target_id), "2001:db8::1", "req-1")
    assert entry["details"] == {"sender": "Wici"}


def test_an_act_that_is_rolled_back_is_not_told_of(owner: Actor, database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        acts.record(session, events.CONTACTS_ACT, owner, "group.created", target_id=uuid4())  # type: ignore[arg-type]
        raise ZeroDivisionError

    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM outbox WHERE routing_key = 'act_recorded'")) == 0


def test_the_trail_is_filtered_by_who_what_whence_and_when(
    owner: Actor, register: Callable[..., Actor], keep: Callable[..., Any], read: Callable[..., Any]
) -> None:
    key_id, other_user, target = str(uuid4()), str(uuid4()), uuid4()
    made = [
        keep({**owner, "address": "198.51.100.1"}, "campaign.created", target_id=target),
        keep({**owner, "user_id": other_user}, "campaign.scheduled", target_id=target),
        keep({**owner, "api_key_id": key_id}, "campaign_note.created"),
        keep({**owner, "user_id": None, "operator_id": key_id}, "sender_id.decided", reason="Documents seen"),
    ]
    keep(register("murarz"), "campaign.created", target_id=target)
    ids = [act["event_id"] for act in made]

    def found(**wanted: Any) -> list[UUID]:
        return [entry["id"] for entry in read(owner, **wanted)]

    assert found(action="campaign") == [ids[1], ids[0]], "a noun is a noun, not the beginning of one"
    assert found(action="campaign.created") == [ids[0]]
    assert found(action="campaign%") == found(action="campaign_") == []
    assert found(target_id=str(target)) == [ids[1], ids[0]]
    assert found(user_id=UUID(other_user)) == [ids[1]]
    assert found(api_key_id=UUID(key_id)) == [ids[2]]
    assert found(operator_id=UUID(key_id)) == [ids[3]]
    assert found(address="198.51.100.1") == [ids[0]]
    assert found(action="campaign", address="198.51.100.1") == [ids[0]]
    moment = made[1]["occurred_at"]
    assert found(since=moment - timedelta(days=1), until=moment + timedelta(days=1))[:4] == ids[::-1]
    assert found(since=moment + timedelta(days=1)) == []
    assert found(until=moment - timedelta(days=1)) == []


def test_operators_see_what_operators_did_and_nobody_else_does(
    owner: Actor, keep: Callable[..., Any], read: Callable[..., Any]
) -> None:
    operator = {"operator_id": str(uuid4()), "account_id": None, "user_id": None, "address": "192.0.2.9"}
    carrier = keep(operator, "carrier.changed", reason="The carrier has moved", fields=["host"])
    decided = keep(operator, "sender_id.decided", account_id=owner["account_id"], reason="Documents seen")
    keep(owner, "campaign.created")

    seen = read(operator, audit.list_operator_acts, account_id=None)
    assert [entry["id"] for entry in seen] == [decided["event_id"], carrier["event_id"]]
    assert [entry["reason"] for entry in seen] == ["Documents seen", "The carrier has moved"]
    of_account = read(operator, audit.list_operator_acts, account_id=UUID(owner["account_id"]))
    assert [entry["id"] for entry in of_account] == [decided["event_id"]]
    assert [entry["id"] for entry in read(owner, action="sender_id.decided")] == [decided["event_id"]]
    assert read(owner, action="carrier") == []
    with pytest.raises(Forbidden):
        read(owner, audit.list_operator_acts, account_id=None)


def test_what_is_told_of_a_closed_account_names_no_address_and_no_details(
    owner: Actor, told: Callable[..., Any], keep: Callable[..., Any], database: Database, clock: Any
) -> None:
    """An act may still be on its way when the account is closed."""
    keep(owner, "campaign.created", name="Zima")
    late = told(owner, "campaign.scheduled", name="Zima")
    with database.transaction() as session:
        closing.close(
            session,
            actor={"operator_id": str(uuid4())},
            now=clock.now,
            account_id=UUID(owner["account_id"]),
            reason="Asked for",
        )

    with database.transaction() as session:
        audit.add_act(session, act=late)

    with database.transaction() as session:
        left = session.execute(sql("SELECT action FROM audit_entries WHERE address IS NOT NULL OR details <> '{}'"))
        assert left.all() == []
        assert session.scalar(sql("SELECT count(*) FROM audit_entries WHERE action LIKE 'campaign.%'")) == 2


@pytest.mark.parametrize("action", ["webhook.paused", "webhook_url.not_taken"])
def test_what_stops_webhooks_is_told_to_the_owner_once(
    owner: Actor, keep: Callable[..., Any], database: Database, action: str
) -> None:
    keep({"account_id": owner["account_id"]}, action, target_id=uuid4(), why="gone")

    with database.transaction() as session:
        mails = session.scalars(sql("SELECT body FROM outbox WHERE routing_key = 'system_mail_requested'"))
        told = [events.SystemMailRequested().loads(bytes(body)) for body in mails]
    assert [mail["template"] for mail in told if "webhook" in mail["fields"].get("act", "").lower()] == ["account_act"]
