"""`reporting.webhooks` as a process, on the real lane, with endpoints that behave and such that do not."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook

from chassis.database import Database
from chassis.testing import Launcher, RunningProcess, wait_until
from contracts.errors import Conflict, NotFound
from reporting.ingester.writing import Ingest
from reporting.usecases import webhooks

from ..factories import Send
from ..receiver import Received, Receiver
from .conftest import LOCAL

ALL = ["message.submitted", "message.delivered", "message.hard_bounced", "message.opened", "message.clicked"]
Call = Callable[..., Any]


def hurry(database: Database) -> None:
    """Let the time that retries wait for be over."""
    with database.transaction() as session:
        session.execute(text("UPDATE webhook_deliveries SET due_at = now() WHERE state = 'pending'"))
        session.execute(text("UPDATE webhooks SET rests_until = NULL"))


def test_what_happens_is_told_signed_and_with_the_address(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    login = {"username": "sklep", "password": "hasło7"}
    made = call("create_webhook", url=receiver.url, events=ALL, basic_auth=login)

    tell(
        send.full(0, "delivered", code="2.0.0"),
        send.engagement(0, "clicked", url="https://example.com/a"),
        send.full(1, "soft_bounced"),  # not asked for
        Send("email").full(0, "delivered"),  # another account's
    )

    wait_until(lambda: len(receiver.events) == 2, what="both events")
    request = receiver.requests[0]
    assert Webhook(made["secret"]).verify(request.body.decode(), request.headers)
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() == "sklep:hasło7"
    first, second = sorted(receiver.events, key=lambda event: event["type"], reverse=True)
    assert (first["type"], second["type"]) == ("message.delivered", "message.clicked")
    assert first["data"] == {
        "message_id": send.message_id(0), "address": "ala0@example.com", "contact_id": first["data"]["contact_id"],
        "channel": "email", "campaign_id": send.campaign_id, "code": "2.0.0",
    }  # fmt: skip
    assert second["data"]["url"] == "https://example.com/a"
    wait_until(
        lambda: (
            {one["state"] for one in call("list_webhook_deliveries", webhook_id=made["id"])["items"]} == {"delivered"}
        ),
        what="the log",
    )


def test_an_event_that_comes_twice_is_told_once(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    call("create_webhook", url=receiver.url, events=ALL)
    same = send.full(0, "delivered")

    tell(same)
    tell(same, send.full(1, "delivered"))

    wait_until(lambda: len(receiver.events) >= 2, what="both events")
    assert len({event["id"] for event in receiver.events}) == len(receiver.events) == 2


def test_filters_by_channel_and_campaign(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    other = Send("sms", account_id=send.account_id)
    call("create_webhook", url=receiver.url, events=ALL, campaign_id=send.campaign_id)
    call("create_webhook", url=receiver.url, events=ALL, channel="sms")

    tell(send.full(0, "delivered"))
    tell(other.full(0, "delivered"))

    wait_until(lambda: len(receiver.events) == 2, what="one event each")
    assert {event["data"]["campaign_id"] for event in receiver.events} == {send.campaign_id, other.campaign_id}


def test_a_failure_is_tried_again_under_the_same_id_and_the_messages_order_is_kept(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    failing = threading.Event()
    failing.set()
    receiver.answer = lambda _request: (500 if failing.is_set() else 200, {})
    made = call("create_webhook", url=receiver.url, events=ALL)

    tell(send.full(0, "submitted"))
    wait_until(lambda: receiver.requests, what="the first try")
    wait_until(lambda: call("get_webhook", webhook_id=made["id"])["failing_since"], what="its failure")
    tell(send.full(0, "delivered", 2.0), send.full(1, "delivered"))
    failing.clear()
    hurry(database)

    wait_until(lambda: len({event["id"] for event in receiver.events}) == 3, what="all events")
    first = [request for request in receiver.requests if request.events[0]["type"] == "message.submitted"]
    assert len(first) >= 2
    assert len({request.id for request in first}) == 1
    arrived = [event["type"] for event in receiver.events if event["data"]["message_id"] == send.message_id(0)]
    assert arrived.index("message.delivered") == len(arrived) - 1
    wait_until(lambda: call("get_webhook", webhook_id=made["id"])["failing_since"] is None, what="its recovery")


def test_410_ends_it_and_tells_the_owner(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    receiver.answer = lambda _request: (410, {})
    made = call("create_webhook", url=receiver.url, events=ALL)

    tell(send.full(0, "delivered"))

    wait_until(lambda: call("get_webhook", webhook_id=made["id"])["pause_reason"] == "gone", what="the pause")
    with database.transaction() as session:
        told = text("SELECT count(*) FROM outbox WHERE convert_from(body, 'UTF8') LIKE '%webhook.paused%'")
        assert session.scalar(told) == 1


def test_an_endpoint_that_has_failed_for_days_is_paused_and_goes_on_when_it_is_enabled(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    receiver.answer = lambda _request: (500, {})
    made = call("create_webhook", url=receiver.url, events=ALL)
    tell(send.full(0, "delivered"))
    wait_until(lambda: call("get_webhook", webhook_id=made["id"])["failing_since"], what="its failure")
    with database.transaction() as session:
        session.execute(text("UPDATE webhooks SET failing_since = now() - interval '73 hours'"))
    hurry(database)
    wait_until(lambda: call("get_webhook", webhook_id=made["id"])["pause_reason"] == "failing", what="the pause")
    held = call("list_webhook_deliveries", webhook_id=made["id"], state="pending")["items"]

    receiver.answer = lambda _request: (200, {})
    call("update_webhook", webhook_id=made["id"], enabled=True)

    page = {"webhook_id": made["id"], "state": "delivered"}
    wait_until(lambda: call("list_webhook_deliveries", **page)["items"], what="the delivery")
    assert [one["due_at"] for one in held] == [None]


def test_retry_after_is_kept(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    receiver.answer = lambda _request: (429, {"Retry-After": "3600"})
    made = call("create_webhook", url=receiver.url, events=ALL)

    tell(send.full(0, "delivered"))

    def tried() -> Any:
        items = call("list_webhook_deliveries", webhook_id=made["id"])["items"]
        return items[0] if items and items[0]["attempts"] else None

    delivery = wait_until(tried, what="the first try")
    due_in = datetime.fromisoformat(delivery["due_at"]) - datetime.now(UTC)
    assert 3500 < due_in.total_seconds() < 4000
    assert delivery["attempts"][0]["status"] == 429


def test_a_test_is_sent_once_even_while_it_is_not_enabled_and_a_replay_sends_again(
    database: Database, call: Call, process: RunningProcess, receiver: Receiver
) -> None:
    receiver.answer = lambda _request: (500, {})
    made = call("create_webhook", url=receiver.url, events=ALL, enabled=False)
    one = {"webhook_id": made["id"], "delivery_id": call("test_webhook", webhook_id=made["id"])["id"]}
    wait_until(lambda: call("get_webhook_delivery", **one)["state"] == "failed", what="its end")
    assert receiver.kinds() == ["webhook.test"]
    assert call("get_webhook", webhook_id=made["id"])["failing_since"] is None

    receiver.answer = lambda _request: (200, {})
    call("update_webhook", webhook_id=made["id"], enabled=True)
    call("replay_webhook_delivery", **one)

    wait_until(lambda: call("get_webhook_delivery", **one)["state"] == "delivered", what="the replay")
    assert len({request.id for request in receiver.requests}) == 1


def test_all_that_failed_in_a_range_is_replayed(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    receiver.answer = lambda _request: (500, {})
    made = call("create_webhook", url=receiver.url, events=ALL, max_events=1)
    tell(send.full(0, "delivered"))
    wait_until(lambda: receiver.requests, what="a try")
    with database.transaction() as session:
        session.execute(text("UPDATE webhook_deliveries SET tries = 9, leased_until = NULL"))
    hurry(database)
    page = {"webhook_id": made["id"], "state": "failed"}
    failed = wait_until(lambda: call("list_webhook_deliveries", **page)["items"], what="the end of the schedule")
    assert failed[0]["due_at"] is None

    receiver.answer = lambda _request: (200, {})
    period = {"from": "2020-01-01T00:00:00+00:00", "to": datetime.now(UTC).isoformat()}
    hurry(database)
    assert call("replay_webhook", webhook_id=made["id"], **period) == {"deliveries": len(failed)}

    page["state"] = "delivered"
    wait_until(lambda: len(call("list_webhook_deliveries", **page)["items"]) == len(failed), what="the replay")


def test_what_has_not_arrived_goes_to_the_secondary_address_and_410_there_ends_nothing(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    receiver.answer = lambda _request: (500, {})
    with Receiver() as second:
        made = call("create_webhook", url=receiver.url, secondary_url=second.url, events=ALL)
        tell(send.full(0, "delivered"))

        page = {"webhook_id": made["id"], "state": "delivered"}
        arrived = wait_until(lambda: call("list_webhook_deliveries", **page)["items"], what="the delivery")[0]
        assert [(one["endpoint"], one["status"]) for one in arrived["attempts"]] == [("main", 500), ("secondary", 204)]
        assert Webhook(made["secret"]).verify(second.requests[0].body.decode(), second.requests[0].headers)
        assert call("get_webhook", webhook_id=made["id"])["failing_since"] is None

        second.answer = lambda _request: (410, {})
        tell(send.full(1, "delivered"))
        wait_until(lambda: call("get_webhook", webhook_id=made["id"])["failing_since"], what="the failure")
        assert call("get_webhook", webhook_id=made["id"])["paused_at"] is None


def test_one_that_hangs_delays_no_other(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    released = threading.Event()

    def hang(_request: Received) -> tuple[int, dict[str, str]]:
        released.wait(120)
        return 200, {}

    with Receiver(hang) as hanging:
        for _ in range(webhooks.MOST_OF_AN_ACCOUNT):
            call("create_webhook", url=hanging.url, events=ALL, max_events=1)
        other = Send("email")
        call("create_webhook", account_id=other.account_id, url=receiver.url, events=ALL)
        tell(*(send.full(number, "delivered") for number in range(10)))
        wait_until(lambda: len(hanging.requests) >= 10, what="requests that hang")

        tell(other.full(0, "delivered"))
        wait_until(lambda: receiver.events, what="the other's event")  # within half of what those hang for

        assert len(hanging.requests) <= 16
        released.set()


def test_killed_in_the_middle_loses_nothing(
    database: Database, call: Call, tell: Call, receiver: Receiver, send: Send, launch: Launcher
) -> None:
    processes = [launch("reporting.webhooks", service="reporting", env=LOCAL) for _ in range(2)]
    call("create_webhook", url=receiver.url, events=ALL, max_events=20)
    told = [send.full(number, "delivered") for number in range(600)]

    for turn in range(3):
        tell(*told[turn * 200 : (turn + 1) * 200])
        wait_until(lambda turn=turn: len(receiver.events) > turn * 200, what="some of them")
        processes[turn % 2].kill()
        with database.transaction() as session:  # leases of the dead end
            session.execute(text("UPDATE webhook_deliveries SET leased_until = NULL WHERE state = 'pending'"))
        processes[turn % 2].start()

    def arrived() -> bool:
        return {event["data"]["message_id"] for event in receiver.events} == {
            send.message_id(number) for number in range(600)
        }

    wait_until(arrived, timeout=40, what="every event")


def test_a_private_address_is_refused_where_no_operator_allows_it(
    database: Database, call: Call, launch: Launcher, receiver: Receiver
) -> None:
    launch("reporting.webhooks", service="reporting")
    made = call("create_webhook", url=receiver.url, events=ALL)
    one = {"webhook_id": made["id"], "delivery_id": call("test_webhook", webhook_id=made["id"])["id"]}

    delivery = wait_until(
        lambda: (found := call("get_webhook_delivery", **one))["attempts"] and found, what="the refusal"
    )

    assert delivery["attempts"][0]["error"] == "address_not_public"
    assert receiver.requests == []


def test_who_was_erased_is_not_named_any_more(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    call("create_webhook", url=receiver.url, events=ALL)
    Ingest(database).write([[send.full(0, "delivered")]])
    with database.transaction() as session:
        session.execute(text("UPDATE messages SET address = 'erased', contact_id = NULL"))

    tell(send.engagement(0, "clicked", url="https://example.com/?e=ala0@example.com"), known=False)

    wait_until(lambda: receiver.events, what="the event")
    said = receiver.events[0]["data"]
    assert (said["address"], said["contact_id"]) == ("erased", None)
    assert not {"url", "ip", "user_agent"} & said.keys()
    with database.transaction() as session:
        kept = session.scalar(text("SELECT details::text FROM webhook_events"))
    assert "192.0.2.1" not in kept


def test_an_address_is_tested_before_a_webhook_has_it_and_keeps_its_secret(
    database: Database, call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    login = {"username": "sklep", "password": "hasło7"}
    test = call("test_url", url=receiver.url, basic_auth=login)
    assert (test["state"], test["attempts"]) == ("pending", [])
    arrived = wait_until(lambda: receiver.requests, what="the test")[0]
    assert Webhook(test["secret"]).verify(arrived.body.decode(), arrived.headers)
    assert arrived.events[0]["type"] == "webhook.test"
    assert arrived.headers["authorization"].startswith("Basic ")

    def found() -> Any:
        return call("get_url_test", test_id=test["id"])

    wait_until(lambda: found()["state"] == "delivered", what="the answer")
    assert "secret" not in found()
    assert call("list_webhooks")["items"] == []
    made = call("create_webhook", url=receiver.url, events=ALL, basic_auth=login, test_id=test["id"])

    assert made["secret"] == test["secret"]
    tell(send.full(0, "delivered"))
    told = wait_until(lambda: [r for r in receiver.requests if r is not arrived], what="the event")[0]
    assert Webhook(test["secret"]).verify(told.body.decode(), told.headers)
    with pytest.raises(NotFound, match="no such test"):
        found()  # used up


def test_an_address_that_does_not_answer_is_not_saved_as_tested(
    database: Database, call: Call, process: RunningProcess, receiver: Receiver
) -> None:
    receiver.answer = lambda _request: (500, {})
    test = call("test_url", url=receiver.url)

    wait_until(lambda: call("get_url_test", test_id=test["id"])["state"] == "failed", what="the failure")

    assert [one["status"] for one in call("get_url_test", test_id=test["id"])["attempts"]] == [500]
    with pytest.raises(Conflict, match="has not arrived"):
        call("create_webhook", url=receiver.url, events=ALL, test_id=test["id"])
