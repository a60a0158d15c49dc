"""Webhooks of many accounts: turns, suspension, replays and pauses of many rows, what comes by events of services."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import Database, copy_rows
from chassis.ids import new_id
from contracts import events
from contracts.errors import Invalid
from reporting.domain.webhooks import Answer, HeardEvent
from reporting.store import webhook_deliveries, webhook_replays
from reporting.store import webhook_events as event_store
from reporting.store import webhook_spool as spool_store
from reporting.usecases import webhook_events, webhook_sending, webhook_spool
from reporting.webhooks.telling import Telling

from .test_webhooks import NOW, URL, VAULT, account, call, heard_of, kept, keys

__all__ = ["account", "call", "keys"]
Call = Callable[..., Any]
DELIVERED = ["message.delivered"]


def suspended(database: Database, account: str, version: int, *, is_suspended: bool = True) -> None:
    event = {"account_id": UUID(account), "is_suspended": is_suspended, "occurred_at": NOW, "version": version}
    with database.transaction() as session:
        webhook_sending.follow_suspension(session, event)


def work_of(database: Database) -> list[str]:
    with database.transaction() as session:
        return sorted(str(row["id"]) for row in webhook_deliveries.webhooks_with_work(session, busy=[], limit=99))


def test_a_webhook_gets_several_requests_at_once_after_each_other_has_had_one(
    call: Call, database: Database, account: str
) -> None:
    others = [str(uuid4()) for _ in range(2)]
    made = [
        call("create_webhook", url=URL, events=DELIVERED, max_events=1, account_id=one) for one in (account, *others)
    ]
    with database.transaction() as session:
        told = [*(heard_of(account, number) for number in range(7)), *map(heard_of, others)]
        webhook_events.keep(session, [replace(one, message_id=None) for one in told])

    def choose(limit: int) -> list[str]:
        with database.transaction() as session:
            chosen = webhook_sending.choose(session, vault=VAULT, now=NOW, under_way={}, limit=limit)
            assert len({request.delivery_id for request in chosen}) == len(chosen)
            return [str(request.webhook_id) for request in chosen]

    loud = made[0]["id"]
    first = choose(limit=5)
    assert sorted(first[:3]) == sorted(one["id"] for one in made) and first[3:] == [loud, loud]
    assert choose(limit=5) == [loud]  # four at most are under way at one endpoint
    assert choose(limit=5) == []


def test_nothing_is_sent_for_a_suspended_account_and_what_waited_goes_on_when_that_ends(
    call: Call, database: Database, account: str
) -> None:
    stranger = str(uuid4())
    made, other = (call("create_webhook", url=URL, events=DELIVERED, account_id=one) for one in (account, stranger))
    call("test_webhook", webhook_id=made["id"])
    with database.transaction() as session:
        assert webhook_events.keep(session, [heard_of(account), heard_of(stranger, 2)]) == 2

    suspended(database, account, 1)
    assert work_of(database) == [other["id"]]
    suspended(database, account, 2, is_suspended=False)
    suspended(database, account, 1)  # told late

    assert work_of(database) == sorted([made["id"], other["id"]])


def delivered(account: str, number: int) -> dict[str, Any]:
    return {"account_id": account, "campaign_id": None, "channel": "sms", "kind": "delivered",
            "message_id": str(UUID(int=number)), "at": 1_764_000_000.0}  # fmt: skip


def spooled(database: Database, account: str, *numbers: int, raw: bytes | None = None) -> None:
    """Portions of one delivered message each, in the spool."""
    with database.transaction() as session:
        for number in numbers:
            spool_store.add(session, [(account, raw or orjson.dumps([delivered(account, number)]))])


def told_of(database: Database) -> list[tuple[str, int]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT account_id::text, message_id FROM webhook_events ORDER BY position"))
        return [(account_id, message_id.int) for account_id, message_id in rows]


def test_an_account_waits_for_one_portion_of_another_and_not_for_its_campaign(
    call: Call, database: Database, account: str
) -> None:
    other = str(uuid4())
    for one in (account, other):
        call("create_webhook", url=URL, events=DELIVERED, account_id=one)
    spooled(database, account, *range(1, 9))
    spooled(database, other, 99)
    telling, stop = Telling(database), threading.Event()

    telling.step(stop)

    assert sorted(told_of(database)) == sorted([(account, 1), (other, 99)])
    while telling.step(stop):
        pass
    assert [number for of, number in told_of(database) if of == account] == [*range(1, 9)]


def test_where_more_accounts_have_work_than_a_round_takes_the_next_goes_on_with_the_others(
    call: Call, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_store, "MOST_ACCOUNTS", 2)
    accounts = sorted(str(uuid4()) for _ in range(5))
    for number, one in enumerate(accounts):
        call("create_webhook", url=URL, events=DELIVERED, account_id=one)
        spooled(database, one, *range(10 * number + 1, 10 * number + 4))
    telling, stop = Telling(database), threading.Event()

    for _ in range(3):
        assert telling.step(stop)

    assert sorted(account_id for account_id, _ in told_of(database)) == accounts


def test_what_cannot_be_told_is_parked_and_keeps_nobody_waiting(
    call: Call, database: Database, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_spool, "WAIT", timedelta(0))
    other = str(uuid4())
    for one in (account, other):
        call("create_webhook", url=URL, events=DELIVERED, account_id=one)
    spooled(database, account, 1, raw=b"not JSON")
    spooled(database, account, 2)
    spooled(database, other, 3)
    telling, stop = Telling(database), threading.Event()

    for _ in range(webhook_spool.TRIES + 1):
        telling.step(stop)

    assert sorted(told_of(database), key=itemgetter(1)) == [(account, 2), (other, 3)]
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM webhook_spool WHERE is_parked")) == 1


def test_one_event_that_cannot_be_told_takes_no_other_of_its_portion_with_it(
    call: Call, database: Database, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_spool, "WAIT", timedelta(0))
    keep = webhook_events.keep

    def refusing(session: Session, told: Sequence[HeardEvent], **more: Any) -> int:
        if any(one.message_id == str(UUID(int=7)) for one in told):
            session.execute(text("SELECT 1 / 0"))
        return keep(session, told, **more)

    monkeypatch.setattr(webhook_events, "keep", refusing)
    call("create_webhook", url=URL, events=DELIVERED)
    spooled(database, account, 0, raw=orjson.dumps([delivered(account, number) for number in range(1, 21)]))
    spooled(database, account, 21)
    telling, stop = Telling(database), threading.Event()

    telling.step(stop)
    assert told_of(database) == []
    for _ in range(webhook_spool.TRIES):
        telling.step(stop)

    assert [number for _, number in told_of(database)] == [number for number in range(1, 22) if number != 7]
    with database.transaction() as session:
        (parked,) = session.scalars(text("SELECT events FROM webhook_spool WHERE is_parked"))
    assert [one["message_id"] for one in orjson.loads(bytes(parked))] == [str(UUID(int=7))]


def test_two_processes_never_have_one_account_in_hand_and_a_webhook_hears_nothing_of_before(
    call: Call, database: Database, account: str
) -> None:
    spooled(database, account, 1, 2)
    call("create_webhook", url=URL, events=DELIVERED, now=datetime.now(UTC) + timedelta(minutes=1))
    with database.transaction() as session:
        assert webhook_spool.tell_portion(session, UUID(account)) == (0, 0)
        with database.transaction() as second:
            assert webhook_spool.tell_portion(second, UUID(account)) is None
    assert told_of(database) == []


def deliveries(database: Database, account: str, webhook_id: str, count: int, state: str) -> None:
    with database.transaction() as session:
        copy_rows(
            session, "webhook_deliveries",
            ("id", "webhook_id", "account_id", "state", "events", "created_at", "finished_at", "due_at"),
            [(new_id(), UUID(webhook_id), UUID(account), state, 1, at, at, at if state == "pending" else None)
             for at in (datetime.now(UTC) - timedelta(seconds=5) for _ in range(count))],
        )  # fmt: skip


def states_of(database: Database) -> dict[str, int]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT state, count(*) FROM webhook_deliveries GROUP BY state"))
        return {row.state: row.count for row in rows}


def test_a_replay_of_many_begins_some_at_a_turn_and_none_twice(call: Call, database: Database, account: str) -> None:
    made = call("create_webhook", url=URL, events=DELIVERED)
    deliveries(database, account, made["id"], 35, "failed")
    period = {"from": "2020-01-01T00:00:00+00:00", "to": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}

    assert call("replay_webhook", webhook_id=made["id"], **period) == {"deliveries": 35}
    tried, most_pending = 0, 0
    while tried < 99:
        with database.transaction() as session:
            chosen = webhook_sending.choose(session, vault=VAULT, now=NOW, under_way={}, limit=1)
        if not chosen:
            break
        most_pending = max(most_pending, states_of(database)["pending"])
        with database.transaction() as session:  # it fails again, for good
            late = datetime.now(UTC) + timedelta(minutes=1)
            webhook_sending.note_answers(session, replace(chosen[0], tries=9), [Answer(500, None, 1)], now=late)
            session.execute(text("UPDATE webhooks SET rests_until = NULL"))
        tried += 1

    assert tried == 35
    assert most_pending <= webhook_sending.MOST_OPEN_IN_REPLAY + webhook_sending.REPLAYED_AT_ONCE
    assert states_of(database) == {"failed": 35}


def test_ranges_that_are_asked_for_one_after_the_other_become_one(call: Call, database: Database, account: str) -> None:
    made = call("create_webhook", url=URL, events=DELIVERED)
    webhook_id = UUID(made["id"])
    with database.transaction() as session:
        for first, last in ((2, 4), (1, 3)):
            since, until = (NOW + timedelta(hours=hour) for hour in (first, last))
            webhook_replays.add(session, webhook_id=webhook_id, account_id=UUID(account), since=since, until=until)
        found = webhook_replays.find(session, webhook_id)
        assert found is not None
        assert (found["since"], found["until"]) == (NOW + timedelta(hours=1), NOW + timedelta(hours=4))


def test_a_pause_and_its_end_change_so_many_rows_at_most(
    call: Call, database: Database, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_deliveries, "HELD_AT_ONCE", 3)
    made = call("create_webhook", url=URL, events=DELIVERED)
    deliveries(database, account, made["id"], 10, "pending")

    with database.transaction() as session:
        webhook_deliveries.pause(session, UUID(made["id"]), reason="failing")
        webhook_deliveries.hold(session, UUID(made["id"]))
        held = session.scalar(text("SELECT count(*) FROM webhook_deliveries WHERE due_at IS NULL"))
    assert held == 3
    assert work_of(database) == []
    call("update_webhook", webhook_id=made["id"], enabled=True)
    assert work_of(database) == [made["id"]]


def test_an_import_and_messages_from_phones_are_kept_once_and_without_who_was_erased(
    call: Call, database: Database, account: str
) -> None:
    call("create_webhook", url=URL, events=["import.finished", "sms.received", "rcs.received"])
    common = {"event_id": str(UUID(int=1)), "occurred_at": NOW.isoformat(), "account_id": account}
    ended = {"import_id": str(UUID(int=2)), "state": "done", "counts": {"read": 3, "added": 3}}
    said = {"id": str(UUID(int=3)), "from": "+48600100200", "to": "48600100100", "text": "Tak",
            "received_at": NOW.isoformat()}  # fmt: skip
    for _ in range(2):
        with database.transaction() as session:
            webhook_events.keep_import(session, events.ImportFinished().load({**common, **ended}))
            webhook_events.keep_received_sms(session, events.SmsReceived().load({**common, "messages": [said]}))
            for channel in ("rcs", "whatsapp"):  # which nobody has asked for
                tapped = {**said, "id": str(UUID(int=4)), "channel": channel, "sender": "shop", "kind": "tap"}
                told = events.MessagesReceived().load({**common, "messages": [tapped]})
                webhook_events.keep_received_messages(session, told)

    first, second, third = kept(database)
    assert (third["channel"], third["to"], third["kind"], third["text"]) == ("rcs", "shop", "tap", "Tak")
    assert (first["state"], first["counts"]) == ("done", {"read": 3, "added": 3})
    assert (second["address"], second["text"], second["message_id"]) == ("+48600100200", "Tak", None)
    with database.transaction() as session:
        event_store.forget_addresses(session, account_id=UUID(account), addresses=["+48600100200"])
    assert "text" not in kept(database)[1]
    assert kept(database)[1]["address"] == "erased"


@pytest.mark.parametrize(
    "settings",
    [{"retry_plan": "own"}, {"retry_delays": [60]}, {"retry_plan": "own", "retry_delays": [1]},
     {"retry_plan": "hours_1_6_24", "retry_delays": [60]}, {"secondary_url": "http://sklep.example/"}],
)  # fmt: skip
def test_a_plan_of_ones_own_has_delays_and_no_other_has(call: Call, settings: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        call("create_webhook", url=URL, events=DELIVERED, **settings)


def test_a_plan_is_changed_with_its_delays(call: Call) -> None:
    made = call("create_webhook", url=URL, events=DELIVERED, retry_plan="own", retry_delays=[60, 120])
    assert made["retry_delays"] == [60, 120]

    changed = call("update_webhook", webhook_id=made["id"], retry_plan="hours_1_6_24", secondary_url=f"{URL}/2")

    assert (changed["retry_delays"], changed["secondary_url"]) == ([3600, 21_600, 86_400], f"{URL}/2")
