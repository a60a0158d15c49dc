"""Machines in a campaign: in no figure of people, in no group, and contacts hears nothing of them."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from chassis.database import Database
from contracts.errors import Unavailable
from contracts.reporting.recipients import Who
from reporting.commands import recount
from reporting.commands.check import differences
from reporting.domain.folding import OPENED, Folded
from reporting.ingester import crowds, telling
from reporting.ingester.writing import Ingest
from reporting.usecases import judging, messages, recipients, reports

from ..factories import Send

URLS = [f"https://sklep.example/{page}" for page in ("zima", "lato", "kontakt")]


def scanned(send: Send, number: int, agent: str = "Mozilla/5.0 (Windows NT 10.0)", after: float = 3.0) -> list[Any]:
    """A scanner behind a browser's name fetches every link of a message in one go."""
    return [
        send.engagement(number, "clicked", serial, url=url)
        | {"user_agent": agent, "at": send.started + after + serial / 10}
        for serial, url in enumerate(URLS)
    ]


def opened(send: Send, number: int, agent: str) -> dict[str, Any]:
    return send.engagement(number, "opened") | {"user_agent": agent}


def a_campaign() -> tuple[Send, list[dict[str, Any]]]:
    """Eight delivered: 0 and 1 scanned, 1 read by a person later; 2 and 3 by Gmail's and Apple's proxies; 4 clicked
    without the picture; 5 asked for the head alone; 6 and 7 nothing."""
    send = Send("email")
    acts = [
        *scanned(send, 0),
        *scanned(send, 1),
        send.engagement(1, "clicked", 9, url=URLS[0]),
        opened(send, 2, "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"),
        opened(send, 3, "Mozilla/5.0"),
        send.engagement(4, "clicked", url=URLS[1]),
        send.engagement(5, "clicked", url=URLS[1], request="HEAD"),
    ]
    return send, [*(send.full(number, "delivered") for number in range(8)), *acts]


def report_of(database: Database, send: Send) -> dict[str, Any]:
    asked = {"actor": actor_of(send), "now": datetime.now(UTC), "campaign_id": UUID(send.campaign_id)}
    return reports.get_report(database, call=nobody, **asked)


def nobody(name: str, _actor: Any, _payload: dict[str, Any], *, deadline: float) -> Any:
    raise Unavailable("service.timeout", name)


def actor_of(send: Send) -> Any:
    return {"account_id": send.account_id}


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_a_scanner_that_clicks_every_link_is_no_reader(database: Database, at_once: int) -> None:
    send, events = a_campaign()
    ingest = Ingest(database)

    for start in range(0, len(events), at_once):
        ingest.write([events[start : start + at_once]])

    report = report_of(database, send)
    counts = report["counts"]
    assert (counts["delivered"], counts["unique_opens"], counts["not_opened"]) == (8, 3, 5)
    assert (counts["opens"], counts["clicks"], counts["unique_clicks"]) == (3, 2, 2)
    assert (counts["machine_opens"], counts["machine_clicks"]) == (1, 7)
    assert report["rates"]["click_to_open_rate"] == round(2 / 3, 4)
    with database.transaction() as session:
        assert differences(session) == []


def test_of_a_link_that_is_hammered_at_no_more_is_kept_than_is_cheap_to_judge(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowds, "MOST_ACTS", 20)
    send = Send("email")
    ingests = [Ingest(database), Ingest(database)]
    ingests[0].write([[send.full(number, "delivered") for number in (0, 1)]])

    for serial in range(0, 300, 3):
        acts = [send.engagement(0, "clicked", serial + one, url=URLS[0]) for one in range(3)]
        ingests[serial % 2].write([[*acts, send.engagement(1, "opened")]])
    ingests[0].write([[send.event(0, "unsubscribed", event_id="left")]])

    counts = report_of(database, send)["counts"]
    assert 20 <= counts["clicks"] <= 20 + 2 * 3
    assert (counts["unique_clicks"], counts["unique_opens"], counts["unsubscribes"]) == (1, 2, 1)
    with database.transaction() as session:
        assert differences(session) == []


@pytest.mark.parametrize("at_once", [1, 50, 10_000])
@pytest.mark.parametrize("kind", ["opened", "clicked"])
def test_machines_without_end_cost_no_act_of_a_person(
    database: Database, monkeypatch: pytest.MonkeyPatch, kind: str, at_once: int
) -> None:
    monkeypatch.setattr(crowds, "MOST_ACTS", 20)
    send = Send("email")
    url = {"url": URLS[0]} if kind == "clicked" else {}
    events = [send.full(0, "delivered")]
    events += [send.engagement(0, kind, serial, request="HEAD", **url) for serial in range(100)]
    events += [send.engagement(0, "opened", 200), send.engagement(0, "clicked", 201, url=URLS[1])]
    ingest = Ingest(database)

    for start in range(0, len(events), at_once):
        ingest.write([events[start : start + at_once]])

    counts = report_of(database, send)["counts"]
    assert (counts["opens"], counts["clicks"], counts["unique_clicks"]) == (1, 1, 1)
    assert 20 <= counts[f"machine_{'opens' if kind == 'opened' else 'clicks'}"] <= 20 + 50
    with database.transaction() as session:
        assert differences(session) == []


@pytest.mark.parametrize("at_once", [6, 50, 10_000])
def test_bursts_without_end_are_bounded_and_cost_no_act_of_a_person(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(crowds, "MOST_ACTS", 20)
    send = Send("email")
    events = [send.full(0, "delivered")]
    events += [
        send.engagement(0, "clicked", serial, url=URLS[serial % 3]) | {"at": send.started + 60 + serial / 10}
        for serial in range(200)
    ]
    events += [send.engagement(0, "clicked", 500 + 60 * serial, url=URLS[1]) for serial in range(2)]
    ingest = Ingest(database)

    for start in range(0, len(events), at_once):
        some = events[start : start + at_once]
        ingest._crowds.leave_out(folded_of(some))  # a try that did not go in
        ingest.write([[dict(event) for event in some]])

    counts = report_of(database, send)["counts"]
    assert (counts["clicks"], counts["unique_clicks"]) == (2, 1)
    assert 20 <= counts["machine_clicks"] <= 20 + 50
    with database.transaction() as session:
        assert differences(session) == []


def folded_of(events: list[dict[str, Any]]) -> Folded:
    folded = Folded()
    folded.add([dict(event) for event in events])
    return folded


def test_groups_hold_people_alone(database: Database) -> None:
    send, events = a_campaign()
    Ingest(database).write([events])
    numbers_by_who = {Who.OPENED: [1, 2, 4], Who.NOT_OPENED: [0, 3, 5, 6, 7], Who.CLICKED: [1, 4]}

    for who, numbers in numbers_by_who.items():
        with database.transaction() as session:
            page = recipients.list_report_recipients(
                session,
                actor=actor_of(send),
                now=datetime.now(UTC),
                campaign_id=UUID(send.campaign_id),
                who=who,
                limit=100,
                cursor=None,
            )
        assert [str(item["id"]) for item in page["items"]] == [send.message_id(number) for number in numbers], who


def told(database: Database) -> Counter[tuple[str, str]]:
    """What contacts hears: kind and contact."""
    heard: Counter[tuple[str, str]] = Counter()
    with database.transaction() as session:
        for body in session.scalars(text("SELECT body FROM outbox")):
            for column in orjson.loads(body)["columns"]:
                heard.update((column["kind"], contact_id) for contact_id in column["contact_ids"].split(","))
    return heard


def test_contacts_hears_of_a_person_once_it_is_plain_that_it_is_one(database: Database) -> None:
    send, events = a_campaign()
    contact = {number: str(UUID(int=number + 1)) for number in range(8)}
    waiting, due = Ingest(database, hold_seconds=3600.0), Ingest(database, hold_seconds=0.0)

    for event in events:
        waiting.write([[dict(event)]])
    telling.tell(database)
    assert not any(kind in ("opened", "clicked") for kind, _ in told(database))

    with database.transaction() as session:
        session.execute(text("DELETE FROM untold"))
    due.write([[send.engagement(number, "opened", 50) | {"user_agent": "Mozilla/5.0"} for number in range(6)]])
    telling.tell(database)
    telling.tell(database)

    heard = told(database)
    assert {who for kind, who in heard if kind == "clicked"} == {contact[1], contact[4]}
    assert {who for kind, who in heard if kind == "opened"} == {contact[1], contact[2], contact[4]}
    assert set(heard.values()) == {1}


def test_what_waits_to_be_told_is_told_once_by_several(database: Database) -> None:
    send = Send("email")
    Ingest(database, hold_seconds=0.0).write(
        [
            [
                event
                for number in range(50)
                for event in (send.full(number, "delivered"), send.engagement(number, "opened"))
            ]
        ]
    )

    with database.transaction() as first:
        assert telling.tell_some(first) == 50
        telling.tell(database)  # another one passes by what is in hand
    telling.tell(database)

    assert sum(times for (kind, _), times in told(database).items() if kind == "opened") == 50


def a_crowd(database: Database, messages: int, openings: int) -> Send:
    """Messages that people opened without end before that had a bound."""
    send = Send("email")
    Ingest(database).write([[send.full(number, "delivered") for number in range(messages)]])
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO engagements (message_id, event_id, account_id, campaign_id, at, kind, device, is_told)"
                " SELECT message_id, 'opening ' || serial, account_id, campaign_id, now(), :kind, 'desktop', false"
                " FROM messages CROSS JOIN generate_series(1, :openings) serial"
            ),
            {"kind": OPENED, "openings": openings},
        )
    return send


def test_acts_without_end_fit_in_memory(database: Database) -> None:
    send = a_crowd(database, messages=100, openings=500)
    tracemalloc.start()
    try:
        with database.transaction() as session:
            summaries = judging.judge_known(session, [send.message_id(number) for number in range(100)])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [one.opens for one in summaries.values()] == [500] * 100
    assert peak < 5_000_000


def test_of_messages_with_many_acts_fewer_are_told_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "ACTS_AT_ONCE", 45)
    a_crowd(database, messages=10, openings=20)
    with database.transaction() as session:
        session.execute(text("INSERT INTO untold SELECT message_id, account_id, now() FROM messages"))

    with database.transaction() as session:
        assert telling.tell_some(session) == 3
    telling.tell(database)

    heard = {contact_id: times for (kind, contact_id), times in told(database).items() if kind == "opened"}
    assert heard == {str(UUID(int=number + 1)): 20 for number in range(10)}
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM untold")) == 0


def test_the_time_line_says_how_a_machine_was_known(database: Database) -> None:
    send, events = a_campaign()
    Ingest(database).write([events])

    def machines(number: int) -> list[str | None]:
        with database.transaction() as session:
            story = messages.get_message(
                session, actor=actor_of(send), now=datetime.now(UTC), message_id=UUID(send.message_id(number))
            )
        return [moment["machine"] for moment in story["timeline"] if moment["kind"] in ("opened", "clicked")]

    assert machines(1) == ["burst", "burst", "burst", None]
    assert machines(3) == ["apple-mail-privacy"]
    assert machines(5) == ["head"]


def test_links_are_one_row_for_everybody(database: Database) -> None:
    send = Send("email")
    clicks = [
        send.engagement(
            number, "clicked", url=f"https://s.example/?k={number}", link=1, link_url="https://s.example/?k=…"
        )
        for number in range(3)
    ]
    older = [
        send.engagement(number, "clicked", url=f"https://s.example/k/c{number}?imie=Ala") for number in range(3, 5)
    ]
    Ingest(database).write([[send.full(number, "delivered") for number in range(5)], clicks, older])

    with database.transaction() as session:
        links = reports.links_of(session, UUID(send.account_id), UUID(send.campaign_id))

    assert links == [
        {"number": 1, "url": "https://s.example/?k=…", "clicks": 3, "unique_clicks": 3, "machine_clicks": 0},
        {"number": None, "url": "https://s.example/k/…", "clicks": 2, "unique_clicks": 2, "machine_clicks": 0},
    ]


def test_what_was_counted_before_people_and_machines_were_apart_is_judged_anew(database: Database) -> None:
    send, events = a_campaign()
    Ingest(database).write([[dict(event) for event in events]])
    right = report_of(database, send)
    with database.transaction() as session:
        # As an older release left it: everybody a person, a click no opening, and counters of another meaning.
        session.execute(text("UPDATE engagements SET machine = NULL WHERE machine <> 'head'"))
        session.execute(text("UPDATE messages SET opened_at = NULL, opens = 0 WHERE clicked_at IS NOT NULL"))
        session.execute(
            text(
                "UPDATE messages SET machine_opens = 0, machine_clicks = 0, clicks = 7"
                " WHERE message_id IN (SELECT message_id FROM engagements)"
            )
        )
        session.execute(text("UPDATE counters SET unique_clicks = 7, opens = 2, machine_clicks = 0"))

    messages_judged, corrected = recount.judge_all(database), recount.mend(database)

    assert (messages_judged, corrected > 0) == (6, True)
    assert report_of(database, send) == right
    assert recount.mend(database) == 0
