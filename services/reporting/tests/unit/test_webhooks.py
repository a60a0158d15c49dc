"""The rules of webhooks: signatures that others verify, schedules, and what follows from an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from contracts.reporting.webhooks import WebhookEvent
from contracts.vocabulary import Engagement, MessageState
from reporting.domain import webhooks as rules
from reporting.domain.machines import RULES, Rule
from reporting.domain.webhooks import Answer, HeardEvent, Verdict
from reporting.usecases import webhook_sending
from reporting.webhooks import hearing

OLD, NEW = b"o" * 24, b"n" * 24
BODY = b'[{"type":"message.delivered","data":{"address":"za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87"}}]'
OK, BUSY = Answer(204, None, 1), Answer(503, None, 1, 7200.0)


def headers(*secrets: bytes) -> dict[str, str]:
    return dict(rules.signed_headers(UUID(int=7), datetime.now(UTC), BODY, secrets))


@pytest.mark.parametrize("key", [OLD, NEW])
def test_while_secrets_overlap_either_verifies(key: bytes) -> None:
    verifier = Webhook(rules.shown_secret(key))

    assert verifier.verify(BODY.decode(), headers(NEW, OLD))


def test_another_secret_or_body_does_not_verify() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(rules.shown_secret(OLD)).verify(BODY.decode(), headers(NEW))
    with pytest.raises(WebhookVerificationError):
        Webhook(rules.shown_secret(NEW)).verify(BODY.decode().replace("delivered", "opened"), headers(NEW))


def test_every_state_and_engagement_has_its_event() -> None:
    of_messages = {f"message.{word.value}" for word in [*MessageState, *Engagement]}

    assert {event.value for event in WebhookEvent} == of_messages | {"campaign.state_changed", "contact.archived"}


def test_the_schedule_is_three_days_long_and_ends() -> None:
    waits = [rules.next_try(tries, Answer(500, None, 1), 0.0) for tries in range(1, 11)]

    assert waits[0] == timedelta(seconds=5)
    assert waits[-1] is None
    assert rules.PAUSE_AFTER < sum((wait for wait in waits if wait), timedelta()) < timedelta(days=4)


def test_retry_after_is_kept_where_it_is_longer() -> None:
    assert rules.next_try(1, BUSY, 0.0) == timedelta(hours=2)
    assert rules.rest(1, BUSY) == timedelta(hours=2)
    assert rules.next_try(1, Answer(500, None, 1, 7200.0), 0.0) == timedelta(seconds=5)
    assert rules.next_try(1, Answer(429, None, 1, 1e9), 0.0) == timedelta(days=1)


def test_an_endpoint_rests_longer_each_time_up_to_five_minutes() -> None:
    rests = [rules.rest(failures, Answer(None, "timed_out", 1)).total_seconds() for failures in (1, 2, 3, 9, 900)]

    assert rests == [5, 10, 20, 300, 300]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "arrived"), (204, "arrived"), (302, "failed"), (400, "failed"), (410, "gone"), (500, "failed"),
     (None, "failed")],
)  # fmt: skip
def test_only_2xx_arrives_and_410_ends(status: int | None, verdict: str) -> None:
    assert rules.judged(Answer(status, None, 1)) == Verdict(verdict)


def test_the_same_event_has_the_same_id_and_another_has_another() -> None:
    opened = {"message_id": str(UUID(int=1)), "account_id": str(UUID(int=2)), "campaign_id": None, "channel": "email",
              "kind": "opened", "at": 1_764_000_000.5, "event_id": "a"}  # fmt: skip

    assert rules.heard(opened).event_id == rules.heard({**opened, "at": 1.0}).event_id
    assert rules.heard(opened).event_id != rules.heard({**opened, "event_id": "b"}).event_id
    assert rules.heard(opened).event_id != rules.heard({**opened, "kind": "clicked"}).event_id


def test_one_transaction_keeps_so_many_rows_however_many_webhooks_an_account_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearing, "ROWS_AT_ONCE", 10)
    at = datetime(2026, 11, 24, tzinfo=UTC)
    events = [
        HeardEvent(UUID(int=number), account, None, None, None, "message.delivered", at, {})
        for number, account in enumerate("aabbbba")
    ]

    kept = list(hearing.portions(events, {"a": 5, "b": 1}))

    assert [[event.account_id for event in portion] for portion in kept] == [["a", "a"], [*"bbbba"]]
    assert [event for portion in kept for event in portion] == events
    assert list(hearing.portions([], {})) == []


@pytest.mark.parametrize(
    ("rule", "kind"), [(rule, kind) for rule in RULES for kind in ("opened", "clicked")], ids=lambda one: str(one)[:40]
)
def test_what_a_machine_did_is_told_with_the_rule_that_says_so(rule: Rule, kind: str) -> None:
    agent, request = rule.example
    event = {"message_id": str(UUID(int=1)), "account_id": str(UUID(int=2)), "campaign_id": None, "channel": "email",
             "kind": kind, "at": 1_764_000_000.5, "user_agent": agent, "request": request}  # fmt: skip

    assert rules.heard(event).details["machine"] == (rule.name if rule.is_machine else None)


def test_a_person_is_told_as_no_machine_and_a_state_as_nobodys() -> None:
    event = {"message_id": str(UUID(int=1)), "account_id": str(UUID(int=2)), "campaign_id": None, "channel": "email",
             "kind": "clicked", "at": 1_764_000_000.5, "user_agent": "Mozilla/5.0 (X11) Firefox/130.0"}  # fmt: skip

    assert rules.heard(event).details["machine"] is None
    assert "machine" not in rules.heard({**event, "kind": "delivered"}).details


def test_of_an_erased_person_nothing_personal_is_told() -> None:
    row = {"event_id": UUID(int=1), "message_id": UUID(int=2), "type": "message.clicked", "occurred_at":
           datetime(2026, 11, 24, tzinfo=UTC), "details": {"channel": "email", "url": "https://x.example/?e=ala",
           "ip": "192.0.2.1"}}  # fmt: skip

    told = rules.body_event(row, {"address": "erased", "contact_id": None}, is_erased=True)

    assert told["data"] == {"message_id": str(UUID(int=2)), "address": "erased", "contact_id": None, "channel": "email"}
    assert told["timestamp"] == "2026-11-24T00:00:00.000+00:00"


def test_a_final_failure_of_a_delivery_has_no_next_try() -> None:
    assert webhook_sending._state(Verdict.FAILED, None) == "failed"
    assert webhook_sending._state(Verdict.FAILED, timedelta(1)) == "pending"
    assert webhook_sending._state(Verdict.ARRIVED, None) == "delivered"
