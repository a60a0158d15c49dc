"""The service on the real bus: reports, the log, statistics, tenants, erasure."""

from __future__ import annotations

import os
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import orjson
import pytest
from sqlalchemy import text

from chassis.broker import Broker
from chassis.database import Database
from chassis.rpc_client import RpcClient
from chassis.testing import RunningProcess, free_port, wait_until
from chassis.testing_clients import PatientClient
from contracts import events
from contracts.errors import Invalid, NotFound
from reporting.ingester.writing import Ingest

from ..factories import Send

Call = Any


@pytest.fixture(scope="module")
def service(
    amqp_url: str, database_url: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningProcess]:
    """One service process for all tests of this file; it holds nothing between two calls."""
    nameko = str(Path(sys.executable).with_name("nameko"))
    environ = {
        **os.environ,
        "AMQP_URL": amqp_url,
        "HEALTH_PORT": str(free_port()),
        "REPORTING_DATABASE_URL": database_url("reporting"),
    }
    command = [nameko, "run", "--broker", amqp_url, "reporting.service:ReportingService"]
    process = RunningProcess(command, environ, tmp_path_factory.mktemp("reporting") / "service.log").wait_ready()
    yield process
    process.stop()


@pytest.fixture
def call(database: Database, broker: Broker, service: RunningProcess) -> Call:
    """`call(account_id, "get_report", …)`: an RPC on behalf of that account."""
    client = PatientClient(RpcClient(broker))
    return lambda account, name, **payload: client.call(f"reporting.{name}", {"account_id": account}, payload)


def an_email_campaign(database: Database) -> Send:
    """Ten e-mails: six delivered, three bounced, one deferred; some opened, clicked, left."""
    send = Send("email")
    states = ["delivered"] * 6 + ["hard_bounced", "soft_bounced", "spam_bounced", "deferred"]
    reported = [send.full(number, state, code="2.0.0") for number, state in enumerate(states)]
    acts = [
        send.engagement(0, "opened"),
        send.engagement(0, "opened", 1),
        send.engagement(1, "opened"),
        send.engagement(0, "clicked", url="https://example.com/a"),
        send.engagement(0, "clicked", 1, url="https://example.com/a"),
        send.engagement(2, "clicked", url="https://example.com/b"),
        send.engagement(1, "unsubscribed"),
        send.engagement(1, "complained"),
    ]
    Ingest(database).write([reported, acts])
    return send


def test_email_report_has_counts_and_rates(database: Database, call: Call) -> None:
    send = an_email_campaign(database)

    report = call(send.account_id, "get_report", campaign_id=send.campaign_id)

    assert report["channel"] == "email"
    assert report["messages"] == 10
    assert report["counts"] == {
        "sent": 9,
        "delivered": 6,
        "hard_bounced": 1,
        "soft_bounced": 1,
        "spam_bounced": 1,
        "expired": 0,
        "rejected": 0,
        "unknown": 0,
        "deferred": 1,
        "opens": 4,
        "unique_opens": 3,
        "not_opened": 3,
        "clicks": 3,
        "unique_clicks": 2,
        "machine_opens": 0,
        "machine_clicks": 0,
        "unsubscribes": 1,
        "complaints": 1,
    }
    assert report["rates"]["open_rate"] == round(3 / 6, 4)
    assert report["rates"]["click_to_open_rate"] == round(2 / 3, 4)
    assert report["domains"][0]["domain"] == "example.com"
    assert report["devices"] == [{"device": "mobile", "opens": 4, "clicks": 3}]
    assert report["programs"] == [{"program": "other", "opens": 4, "clicks": 3}]
    links = call(send.account_id, "get_report_links", campaign_id=send.campaign_id)["items"]
    assert links == [
        {
            "number": None,
            "label": None,
            "url": "https://example.com/a",
            "clicks": 2,
            "unique_clicks": 1,
            "machine_clicks": 0,
        },
        {
            "number": None,
            "label": None,
            "url": "https://example.com/b",
            "clicks": 1,
            "unique_clicks": 1,
            "machine_clicks": 0,
        },
    ]
    hours = call(send.account_id, "get_report_timeline", campaign_id=send.campaign_id)["items"]
    assert sum(hour["sent"] for hour in hours) == 9
    assert sum(hour["opens"] for hour in hours) == 4
    for name in ("hard_bounced", "soft_bounced", "spam_bounced", "unsubscribes", "complaints"):
        assert sum(hour[name] for hour in hours) == 1


def test_sms_report_of_a_started_campaign_without_messages_has_null_rates(
    database: Database, broker: Broker, call: Call
) -> None:
    send = Send("sms")
    fact = {"event_id": str(uuid4()), "occurred_at": datetime.now(UTC).isoformat(), "account_id": send.account_id}
    started = {**fact, "campaign_id": send.campaign_id, "send_id": str(send.send_id)}
    started |= {"name": "Zima", "channel": "sms", "recipients": 3}
    changed = {**fact, "campaign_id": send.campaign_id, "state": "sending"}

    broker.publish_event(events.CAMPAIGN_STATE_CHANGED, orjson.dumps(changed)).result(10)
    with pytest.raises(NotFound):
        call(send.account_id, "get_report", campaign_id=send.campaign_id)
    broker.publish_event(events.CAMPAIGN_STARTED, orjson.dumps(started)).result(10)

    def report() -> Any:
        try:
            answer = call(send.account_id, "get_report", campaign_id=send.campaign_id)
        except NotFound:
            return None
        return answer if answer["state"] and answer["name"] else None

    found = wait_until(report, what="the event")
    assert found["recipients"] == 3
    assert found["state"] == "sending"
    assert found["counts"]["submitted"] == 0
    assert found["rates"] == {"delivery_rate": None, "click_rate": None}


def test_sms_report_counts_parts_and_cost_of_what_was_submitted(database: Database, call: Call) -> None:
    send = Send("sms")
    reported = [send.full(number, "submitted") for number in range(4)] + [send.full(4, "rejected", code="11")]
    Ingest(database).write([reported])
    Ingest(database).write([[send.event(0, "delivered"), send.event(1, "undelivered"), send.event(2, "expired")]])

    report = call(send.account_id, "get_report", campaign_id=send.campaign_id)

    counts = report["counts"]
    assert (counts["submitted"], counts["delivered"], counts["undelivered"], counts["expired"]) == (4, 1, 1, 1)
    assert (counts["rejected"], counts["awaiting_receipt"], counts["parts"]) == (1, 1, 8)
    assert report["cost"] == {"amount": 56, "currency": "PLN"}
    assert [(one["domain"], one["name"]) for one in report["domains"]] == [("pl.plus", "Plus (PL)")]
    assert report["rates"]["delivery_rate"] == 0.25


def test_recipients_who_did_or_did_not(database: Database, call: Call) -> None:
    send = an_email_campaign(database)
    numbers_by_who = {
        "opened": [0, 1, 2],
        "not_opened": [3, 4, 5],
        "clicked": [0, 2],
        "not_clicked": [1, 3, 4, 5],
        "delivered": [0, 1, 2, 3, 4, 5],
        "undelivered": [6, 7, 8],
    }

    for who, numbers in numbers_by_who.items():
        asked = {"campaign_id": send.campaign_id, "who": who, "limit": 2}
        found = all_pages(lambda **page: call(send.account_id, "list_report_recipients", **page), **asked)
        assert found == [send.message_id(number) for number in numbers], who


def all_pages(ask: Any, **payload: Any) -> list[str]:
    """Ids of all items, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = ask(**payload, cursor=cursor)
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_messages_are_found_by_every_filter(database: Database, call: Call) -> None:
    send = an_email_campaign(database)
    other = Send("sms", account_id=send.account_id)
    Ingest(database).write([[other.full(number, "submitted") for number in range(3)]])
    an_email_campaign(database)

    def found(**filters: Any) -> int:
        return len(call(send.account_id, "list_messages", **filters)["items"])

    a_year_ago = (datetime.now(UTC) - timedelta(days=366)).isoformat()
    assert found() == 13
    assert found(channel="sms") == 3
    assert found(state="hard_bounced") == 1
    assert found(state="deferred") == 1
    assert found(state="submitted", channel="email") == 0
    assert found(address="ala3@example.com") == 1
    assert found(campaign_id=other.campaign_id) == 3
    assert found(campaign_id=send.campaign_id, state="delivered") == 6
    assert found(campaign_id=send.campaign_id, state="hard_bounced", address="ala6@example.com") == 1
    assert found(to=a_year_ago) == 0
    assert found(**{"from": a_year_ago}) == 13


def test_pages_of_messages_hold_each_once(database: Database, call: Call) -> None:
    send = an_email_campaign(database)

    seen = all_pages(lambda **page: call(send.account_id, "list_messages", **page), limit=3)

    assert seen == [send.message_id(number) for number in reversed(range(10))]


def test_a_message_tells_its_story(database: Database, call: Call) -> None:
    send = Send("email")
    Ingest(database).write(
        [
            [
                send.full(0, "deferred", 1.0, code="4.7.1", detail="greylisted", peer="mx1.poczta.example"),
                send.event(0, "delivered", 30.0, code="2.0.0"),
                send.event(0, "hard_bounced", 40.0, code="5.1.1", peer="mx2.poczta.example"),
                send.engagement(0, "clicked", url="https://example.com/ą"),
            ]
        ]
    )

    message = call(send.account_id, "get_message", message_id=send.message_id(0))

    assert message["state"] == "hard_bounced"
    assert [moment["kind"] for moment in message["timeline"]] == ["deferred", "delivered", "hard_bounced", "clicked"]
    assert message["timeline"][0]["detail"] == "greylisted"
    peers = [moment.get("peer") for moment in message["timeline"]]
    assert peers == ["mx1.poczta.example", None, "mx2.poczta.example", None]
    assert message["timeline"][3]["url"] == "https://example.com/ą"


def test_statistics_by_day_and_channel(database: Database, call: Call) -> None:
    send = an_email_campaign(database)

    statistics = call(send.account_id, "get_statistics")

    assert [(row["channel"], row["counts"]["delivered"]) for row in statistics["days"]] == [("email", 6)]
    assert statistics["totals"][0]["counts"]["sent"] == 9
    with pytest.raises(Invalid):
        call(send.account_id, "get_statistics", **{"from": "2026-02-01", "to": "2026-01-01"})


def test_a_report_is_printed_and_made_a_spreadsheet_beside_other_calls(database: Database, call: Call) -> None:
    send = an_email_campaign(database)
    of_it = {"campaign_id": send.campaign_id}

    printed = b64decode(call(send.account_id, "print_report", language="pl", **of_it)["content"])
    first = call(send.account_id, "export_report", seq=0, format="xlsx", **of_it)
    last = call(send.account_id, "export_report", seq=1, format="xlsx", state=first["state"], **of_it)

    assert printed.startswith(b"%PDF")
    assert b64decode(first["chunk"]).startswith(b"PK")
    with ZipFile(BytesIO(b64decode(first["chunk"]) + b64decode(last["chunk"]))) as archive:
        assert archive.testzip() is None
    assert call(send.account_id, "export_report", seq=2, format="xlsx", state="0 0 0 0", **of_it)["chunk"] is None


def test_another_account_sees_nothing(database: Database, call: Call) -> None:
    send, stranger = an_email_campaign(database), str(uuid4())

    for name, payload in (
        ("get_report", {"campaign_id": send.campaign_id}),
        ("get_report_links", {"campaign_id": send.campaign_id}),
        ("get_report_timeline", {"campaign_id": send.campaign_id}),
        ("list_report_recipients", {"campaign_id": send.campaign_id, "who": "delivered"}),
        ("get_message", {"message_id": send.message_id(0)}),
        ("print_report", {"campaign_id": send.campaign_id}),
        ("export_report", {"campaign_id": send.campaign_id, "seq": 0, "format": "xlsx"}),
        ("compare_reports", {"ids": send.campaign_id}),
    ):
        with pytest.raises(NotFound):
            call(stranger, name, **payload)

    assert call(stranger, "list_messages")["items"] == []
    assert call(stranger, "list_messages", campaign_id=send.campaign_id)["items"] == []
    assert call(stranger, "list_messages", address="ala0@example.com")["items"] == []
    assert call(stranger, "get_statistics")["days"] == []


def test_a_made_up_cursor_is_refused(database: Database, call: Call) -> None:
    for cursor in ("", "x", "ą", "A" * 400):
        with pytest.raises(Invalid):
            call(str(uuid4()), "list_messages", cursor=cursor)


def test_a_closed_account_leaves_nothing(database: Database, broker: Broker, call: Call) -> None:
    gone, stays = an_email_campaign(database), an_email_campaign(database)
    fact = {"event_id": str(uuid4()), "occurred_at": datetime.now(UTC).isoformat(), "account_id": gone.account_id}
    broker.publish_event(events.ACCOUNT_CLOSED, orjson.dumps(fact)).result(10)

    tables = ("messages", "state_history", "engagements", "links", "campaign_ranges", "campaigns", "counters")

    def rows_of(account_id: str) -> int:
        with database.transaction() as session:
            return sum(
                session.scalar(text(f"SELECT count(*) FROM {table} WHERE account_id = :a"), {"a": account_id})
                for table in tables
            )

    wait_until(lambda: rows_of(gone.account_id) == 0, what="the erasure")
    assert rows_of(stays.account_id) > 20
