"""The log and the counters, against the plain model: any order, any repetition, any split into batches."""

from __future__ import annotations

import copy
import random
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.database import Database
from contracts import ids, lanes
from contracts.vocabulary import Channel
from reporting.commands.check import differences
from reporting.domain import figures
from reporting.domain.counting import Dimension
from reporting.domain.links import place_of
from reporting.domain.states import STATE_OF_CODE
from reporting.ingester import telling
from reporting.ingester.writing import Ingest

from .. import model
from ..conftest import empty

NOW = datetime.now(UTC).replace(minute=59, second=59, microsecond=0)
ACCOUNTS = [f"0000000{n}-0000-4000-8000-00000000000a" for n in range(2)]
CAMPAIGNS = [f"0000000{n}-0000-4000-8000-00000000000c" for n in range(3)]
URLS = ["https://example.com/a?ą=ę&x=\\1", "https://example.com/b", "https://example.com/c"]
AGENTS = ["Mozilla/5.0 (iPhone; Mobile)", "Mozilla/5.0 (Windows NT 10.0)", *model.MACHINES]
STATES = list(model.STATES)


def send_id(campaign: int) -> UUID:
    """A send of now, or of three months ago, which has no partition of its own."""
    started = NOW - timedelta(days=30 if campaign == 2 else 0)
    return UUID(int=ids.first_id_at(started).int | (7 << 76) | campaign)


MESSAGES = [
    {
        "message_id": str(ids.message_id(send_id(campaign), number)),
        "account_id": ACCOUNTS[campaign % 2],
        "campaign_id": CAMPAIGNS[campaign],
        "channel": ["sms", "email", "email"][campaign],
        "static": {
            "contact_id": f"0000000{number}-0000-4000-8000-0000000000c0",
            "address": f"ala{number}@example.com",
            "sender": "Wici\t\\ sp. z o.o.\nŁódź",
            "domain": ["example.com", "example.org"][number % 2],
            "parts": 1 + number % 3,
            "cost": 7 * (1 + number % 3),
        },
    }
    for campaign in range(3)
    for number in range(4)
] + [
    {
        "message_id": str(UUID(int=ids.first_id_at(NOW).int | (7 << 76) | 99)),
        "account_id": ACCOUNTS[0],
        "campaign_id": None,
        "channel": "sms",
        "static": {"address": "+48500100200", "parts": 1, "cost": 7},
    }
]
HOURS = {message["message_id"]: ids.created_at(UUID(message["message_id"])) for message in MESSAGES}


@st.composite
def events(draw: st.DrawFn) -> model.Event:
    """One event of one of the messages, telling all, some or none of the static fields."""
    message = draw(st.sampled_from(MESSAGES))
    acts = ["opened", "clicked", "answered", "dismissed", "unsubscribed", "complained"]
    kind = draw(st.sampled_from([*STATES, "submitted", "delivered", *acts]))
    seconds = draw(st.integers(-3, 3)) + draw(st.sampled_from([0.0, 0.25, 3600.0]))
    event: dict[str, Any] = {name: message[name] for name in ("message_id", "account_id", "campaign_id", "channel")}
    event |= {"kind": kind, "at": NOW.timestamp() + seconds}
    known = draw(st.sampled_from(["all", "some", "none"]))
    event |= {
        name: value for name, value in message["static"].items() if known == "all" or (known == "some" and name < "d")
    }
    if kind in STATES:
        # Two events that say the same state at the same time say the same of it.
        event |= {"code": f"{kind[:3]}\\{seconds}", "peer": f"mx{seconds}.poczta.example"}
        return event
    # The same event id is the same event, at the same time: alone, or with others within a second or five.
    serial = draw(st.integers(0, 11))
    event |= {"event_id": f"{kind}-{serial}", "ip": "192.0.2.1", "user_agent": AGENTS[serial // 3 % 2]}
    event["at"] = NOW.timestamp() + [0, 0.75, 1.0, 1.5, 3, 5, 6.25, 9, 1800, 3600, 5400, 5401.5][serial]
    if serial in (4, 9):
        event["user_agent"] = AGENTS[2 + serial % 2]
    if serial == 8:
        event["request"] = "HEAD"
    return event | ({"url": URLS[serial % 3]} if kind == "clicked" else {})


def read_log(database: Database) -> dict[str, dict[str, Any]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT * FROM messages")).mappings().all()
    return {str(row["message_id"]): {name: _plain(name, value) for name, value in row.items()} for row in rows}


def _plain(name: str, value: Any) -> Any:
    if name == "state":
        return None if value is None else STATE_OF_CODE[value].value
    return value.timestamp() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value


def read_counters(database: Database) -> dict[tuple[str, str, str, str], int]:
    urls = {place_of(url, None, None, None).link_id: url for url in URLS}
    with database.transaction() as session:
        rows = session.execute(text("SELECT * FROM counters")).mappings().all()
    counters = {}
    for row in rows:
        place = (str(row["scope_id"]), Dimension(row["dimension"]).name.lower(), urls.get(row["key"], row["key"]))
        for metric, amount in row.items():
            if metric not in ("scope_id", "dimension", "key", "account_id") and amount:
                counters[(*place, metric)] = amount
    return counters


def assert_equals_model(database: Database, reported: list[model.Event]) -> None:
    log, wanted = read_log(database), model.log_of(reported)
    assert log.keys() == wanted.keys()
    for message_id, message in wanted.items():
        assert {name: log[message_id][name] for name in message} == message
    assert read_counters(database) == model.counters_of(reported, HOURS)
    with database.transaction() as session:
        assert differences(session) == []
        steps = session.execute(text("SELECT message_id::text, at, state FROM state_history")).all()
    off_road = {
        (event["message_id"], event["at"], event["kind"])
        for event in reported
        if event["kind"] in STATES and event["kind"] not in ("submitted", "delivered")
    }
    assert {(row[0], row[1].timestamp(), STATE_OF_CODE[row[2]].value) for row in steps} == off_road
    assert_contacts_hear_of_it(database, reported)


def read_engagement(database: Database) -> Counter[tuple[str, str, str, str]]:
    """How often contacts hears of each account, campaign, contact and kind."""
    with database.transaction() as session:
        rows = session.execute(text("SELECT routing_key, body FROM outbox")).all()
    engagement: Counter[tuple[str, str, str, str]] = Counter()
    for lane, body in rows:
        assert lane == lanes.ENGAGEMENT
        for column in orjson.loads(body)["columns"]:
            place = column["account_id"], column["campaign_id"]
            engagement.update((*place, contact_id, column["kind"]) for contact_id in column["contact_ids"].split(","))
    return engagement


def assert_contacts_hear_of_it(database: Database, reported: list[model.Event]) -> None:
    """Of every message of a campaign whose contact is known: each act once, and how it ended."""
    telling.tell(database)
    engagement = read_engagement(database)
    for message in model.log_of(reported).values():
        if message["campaign_id"] is None or message["contact_id"] is None:
            continue
        who = message["account_id"], message["campaign_id"], message["contact_id"]
        assert engagement.pop((*who, "opened"), 0) == message["opens"]
        assert engagement.pop((*who, "clicked"), 0) == message["clicks"]
        assert engagement.pop((*who, "unsubscribed"), 0) == (message["unsubscribed_at"] is not None)
        assert engagement.pop((*who, "complained"), 0) == (message["complained_at"] is not None)
        ends = {kind: engagement.pop((*who, kind), 0) for kind in ("delivered", "bounced")}
        if message["state"] == "delivered":
            assert ends["delivered"]
        elif STATES.index(message["state"] or "accepted") > STATES.index("delivered"):
            assert ends["bounced"]
        else:
            assert not any(ends.values())
            was_handed_over = message["state"] in ("submitted", "unknown")
            assert not was_handed_over or engagement[(*who, "submitted")]
        told = engagement.pop((*who, "submitted"), 0)
        assert told <= 1 + (message["state"] == "unknown")
    assert not +engagement


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(reported=st.lists(events(), max_size=40), shuffle=st.randoms(use_true_random=False))
def test_any_order_repetition_and_split_gives_the_same_log_and_counters(
    database: Database, reported: list[model.Event], shuffle: random.Random
) -> None:
    empty(database)
    delivered = reported + [event for event in reported if shuffle.random() < 0.5]
    shuffle.shuffle(delivered)
    ingest = Ingest(database, hold_seconds=0.0)

    while delivered:
        transaction = []
        for _ in range(shuffle.randint(1, 3)):
            size = shuffle.randint(1, 12)
            transaction.append([copy.deepcopy(event) for event in delivered[:size]])
            delivered = delivered[size:]
        ingest.write(transaction)

    assert_equals_model(database, reported)
    assert_rates_are_shares(database)


def assert_rates_are_shares(database: Database) -> None:
    """Every rate of every counter's row is from 0 to 1, and of the delivered each is opened or not."""
    with database.transaction() as session:
        rows = session.execute(text("SELECT * FROM counters WHERE dimension IN (0, 2, 5, 6)")).mappings().all()
    for row in rows:
        for channel in Channel:
            rates, counts = figures.report_rates(channel, row), figures.report_counts(channel, row)
            assert all(rate is None or 0 <= rate <= 1 for rate in rates.values()), dict(row)
            assert all(count >= 0 for count in counts.values())
        counts = figures.report_counts(Channel.EMAIL, row)
        assert counts["unique_clicks"] <= counts["unique_opens"] <= counts["opens"]
        assert counts["unique_opens"] + counts["not_opened"] == counts["delivered"]


def test_several_writers_at_once_neither_lose_nor_lock_each_other(database: Database) -> None:
    shuffle = random.Random(1)
    reported = [
        {
            **{name: message[name] for name in ("message_id", "account_id", "campaign_id", "channel")},
            **message["static"],
        }
        | {"kind": kind, "at": NOW.timestamp() + step, "code": kind}
        for message in MESSAGES
        for step, kind in enumerate(("deferred", "submitted", "delivered"))
    ]
    failures: list[BaseException] = []

    def write(seed: int) -> None:
        order = random.Random(seed)
        ingest = Ingest(database)
        try:
            for _ in range(30):
                ingest.write([copy.deepcopy(order.sample(reported, 8))])
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(shuffle.random(),)) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    Ingest(database).write([copy.deepcopy(reported)])

    assert failures == []
    assert_equals_model(database, reported)


def test_a_replay_writes_no_row_anew(database: Database) -> None:
    reported = [
        {name: message[name] for name in ("message_id", "account_id", "campaign_id", "channel")}
        | message["static"]
        | {"kind": kind, "at": NOW.timestamp() + step, "event_id": kind, "user_agent": "", "url": URLS[0]}
        for message in MESSAGES
        for step, kind in enumerate(("deferred", "submitted", "delivered", "opened", "clicked"))
    ]

    def versions() -> list[Any]:
        tables = ("messages", "counters", "engagements", "state_history")
        with database.transaction() as session:
            return [
                session.execute(text(f"SELECT xmin::text, t::text FROM {one} t ORDER BY 2")).all() for one in tables
            ]

    Ingest(database).write([copy.deepcopy(reported)])
    written = versions()
    Ingest(database).write([copy.deepcopy(reported[:30]), copy.deepcopy(reported)])

    assert versions() == written


def test_who_a_message_went_to_may_become_known_after_what_became_of_it(database: Database) -> None:
    message = MESSAGES[0]
    bare = {name: message[name] for name in ("message_id", "account_id", "campaign_id", "channel")}
    who = message["account_id"], message["campaign_id"], message["static"]["contact_id"]
    ingest = Ingest(database)

    ingest.write([[{**bare, "kind": "delivered", "at": NOW.timestamp()}]])
    assert not read_engagement(database)
    for _ in range(2):
        ingest.write([[{**bare, **message["static"], "kind": "submitted", "at": NOW.timestamp() - 3}]])

    assert read_engagement(database) == {(*who, "delivered"): 1}


def test_late_receipt_of_another_campaign_day_finds_its_message(database: Database) -> None:
    message = MESSAGES[8]
    first = {**{name: message[name] for name in ("message_id", "account_id", "campaign_id", "channel")}}
    ingest = Ingest(database)

    ingest.write([[{**first, "kind": "submitted", "at": NOW.timestamp() - 30 * 86400}]])
    ingest.write([[{**first, "kind": "delivered", "at": NOW.timestamp()}]])

    assert read_log(database)[message["message_id"]]["state"] == "delivered"


@pytest.mark.parametrize("nonsense", [{"detail": "\0"}, {"parts": 2**40}, {"contact_id": "nobody"}])
def test_an_event_that_the_database_refuses_leaves_nothing_behind(database: Database, nonsense: dict[str, Any]) -> None:
    message = MESSAGES[0]
    event = {name: message[name] for name in ("message_id", "account_id", "campaign_id", "channel")}

    with pytest.raises(Exception, match=r".+"):
        Ingest(database).write([[{**event, "kind": "submitted", "at": NOW.timestamp(), **nonsense}]])

    assert read_log(database) == {}
    assert read_counters(database) == {}
