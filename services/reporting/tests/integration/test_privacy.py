"""Taking a person out of the log, whatever comes when: nothing of them stays, and every number does."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.database import Database
from chassis.testing import places_of
from reporting.commands.check import differences
from reporting.ingester.writing import Ingest
from reporting.usecases import privacy, reports

from ..conftest import empty
from ..factories import Send

HER = "anna.nowak@poczta.example"
NEEDLES = (HER, "anna.nowak%40poczta.example", "192.0.2.1", "iPhone")


def her_events(send: Send) -> list[dict]:
    """All that the log can hear of two messages to her: a bounce whose text names her, a link that does."""
    reported = [
        send.full(1, "deferred", 1.0, code="4.2.2", detail=f"<{HER}> mailbox full") | {"address": HER},
        send.full(1, "delivered", 2.0, code="2.0.0", detail=f"<{HER}> ok") | {"address": HER},
        send.full(2, "hard_bounced", 2.0, code="5.1.1", detail=f"<{HER}> unknown") | {"address": HER},
    ]
    acts = [
        send.engagement(1, "opened"),
        send.engagement(1, "clicked", url="https://x.example/?e=anna.nowak%40poczta.example"),
    ]
    return [*reported, *acts, send.engagement(1, "clicked", 1, url="https://x.example/")]


def others(send: Send) -> list[dict]:
    return [send.full(number, "delivered") for number in (3, 4)] + [
        send.engagement(3, "clicked", url="https://x.example/") | {"ip": "198.51.100.7", "user_agent": "Thunderbird"}
    ]


def actor_of(send: Send) -> Any:
    return {"account_id": send.account_id}


def erase(database: Database, send: Send, at: datetime | None = None) -> dict:
    with database.transaction() as session:
        return privacy.erase_person(
            session,
            actor=actor_of(send),
            now=datetime.now(UTC),
            addresses=[HER, "+48600100200"],
            erased_at=at or datetime.now(UTC),
            dry_run=False,
        )


def counted(database: Database, send: Send) -> list:
    """Totals, hours, domains, days and devices; links apart, for a link that names her is not kept."""
    with database.transaction() as session:
        rows = session.execute(
            text("SELECT * FROM counters WHERE account_id = :account AND dimension <> 3 ORDER BY 1, 2, 3"),
            {"account": send.account_id},
        ).all()
    return [tuple(row)[1:] for row in rows if any(value for value in tuple(row)[4:])]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), before=st.integers(0, 9), size=st.integers(1, 4))
def test_whenever_she_is_erased_nothing_of_her_stays_and_the_counters_equal_the_log(database, seed, before, size):
    empty(database)
    send = Send("email")
    events = her_events(send) + others(send)
    random.Random(seed).shuffle(events)
    ingest = Ingest(database)
    untouched = Send("email")
    untouched.campaign_id, untouched.send_id, untouched.started = send.campaign_id, send.send_id, send.started

    for start in range(0, before, size):
        ingest.write([[dict(event) for event in events[start : min(start + size, before)]]])
    erase(database, send)
    for start in range(before, len(events), size):
        ingest.write([[dict(event) for event in events[start : start + size]]])
    ingest.write([[dict(event) for event in events]])  # all of it comes twice
    erase(database, send)

    assert places_of(database, NEEDLES) == []
    with database.transaction() as session:
        assert differences(session) == []
    of_her = counted(database, send)
    empty(database)
    Ingest(database).write([[dict(event) for event in events]])
    assert of_her == counted(database, send)


def test_export_tells_each_message_with_ip_and_user_agent_and_pages_through_all(database):
    send = Send("email")
    Ingest(database).write([her_events(send) + others(send)])

    items, cursor = [], None
    while True:
        with database.transaction() as session:
            page = privacy.export_person(
                session, actor=actor_of(send), now=datetime.now(UTC), addresses=[HER], cursor=cursor, limit=1
            )
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert [item["record"]["id"] for item in items] == [send.message_id(2), send.message_id(1)]
    moments = items[1]["record"]["timeline"]
    assert sorted(moment["kind"] for moment in moments) == ["clicked", "clicked", "deferred", "delivered", "opened"]
    assert {moment["ip"] for moment in moments[2:]} == {"192.0.2.1"}


def test_dry_run_counts_and_changes_nothing(database):
    send = Send("email")
    Ingest(database).write([her_events(send)])

    with database.transaction() as session:
        answer = privacy.erase_person(
            session,
            actor=actor_of(send),
            now=datetime.now(UTC),
            addresses=[HER],
            erased_at=datetime.now(UTC),
            dry_run=True,
        )

    assert answer == {"counts": {"messages": 2, "opens_and_clicks": 3}, "waiting": 0}
    assert places_of(database, [HER]) != []


@pytest.mark.parametrize("days", [-1, 1])
def test_who_comes_back_is_recorded_like_everybody_else(database, days):
    """Messages that are made after the erasure are new business; those made before stay without the person."""
    send = Send("email")
    erase(database, send, datetime.now(UTC) + timedelta(days=days))

    Ingest(database).write([her_events(send)])

    assert bool(places_of(database, [HER])) is (days < 0)


def test_a_link_that_says_its_place_is_reported_though_only_she_clicked_it(database: Database) -> None:
    send = Send("email")
    erase(database, send, datetime.now(UTC) + timedelta(minutes=1))
    placed = {"link": 4, "link_url": "https://x.example/?e=…"}
    clicks = [
        send.engagement(1, "clicked", url=f"https://x.example/?e={HER}", **placed),
        send.engagement(1, "clicked", 9, url=f"https://x.example/{HER}"),
    ]
    Ingest(database).write([[send.full(1, "delivered") | {"address": HER}, *clicks]])

    with database.transaction() as session:
        links = reports.links_of(session, UUID(send.account_id), UUID(send.campaign_id))

    assert [(link["number"], link["url"], link["clicks"]) for link in links] == [(4, "https://x.example/?e=…", 1)]
    assert places_of(database, NEEDLES) == []
