"""The rules of webhooks: signatures that others verify, schedules, and what follows from an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from contracts.channel import CHANNELS
from contracts.reporting.webhooks import WebhookEvent
from contracts.vocabulary import Engagement, MessageState
from reporting.domain import webhooks as rules
from reporting.domain.machines import RULES, Rule
from reporting.domain.webhooks import Answer, Verdict
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

    assert {event.value for event in WebhookEvent} == of_messages | {
        *("campaign.state_changed", "contact.archived", "import.finished"),
        *(f"{channel}.received" for channel, facts in CHANNELS.items() if facts.takes_answers),
    }


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


def test_only_what_a_webhook_of_the_account_wants_is_kept_and_in_the_lanes_order() -> None:
    listening = {"a": frozenset({"message.opened"}), "b": frozenset({"message.opened", "message.delivered"})}
    events = [{"account_id": account, "kind": kind, "n": n} for n, (account, kind) in enumerate(
        [("a", "opened"), ("b", "delivered"), ("a", "delivered"), ("c", "opened"), ("B", "opened")]
    )]  # fmt: skip
    wanted: hearing.Wanted = {}

    assert hearing.add_wanted([*events, "nonsense", {"kind": "opened"}], listening, wanted) == 3
    assert {account: [event["n"] for event in kept] for account, kept in wanted.items()} == {"a": [0], "b": [1, 4]}


@pytest.mark.parametrize(
    ("plan", "delays"),
    [("hours_1_6_24", [3600, 21_600, 86_400]), ("hours_half_2_24", [1800, 7200, 86_400]), ("own", [5, 60])],
)
def test_a_plan_says_when_to_try_again_and_when_there_is_an_end(plan: str, delays: list[int]) -> None:
    kept = rules.delays_of({"retry_plan": plan, "retry_delays": [5, 60] if plan == "own" else None})

    assert list(kept) == delays
    tries = [rules.next_try(number, Answer(500, None, 1), 0.0, kept) for number in range(1, len(delays) + 2)]
    assert tries == [*(timedelta(seconds=delay) for delay in delays), None]


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
           datetime(2026, 11, 24, tzinfo=UTC), "details": '{"channel": "email", "url": "https://x.example/?e=ala",'
           ' "ip": "192.0.2.1"}'}  # fmt: skip

    told = rules.body_event(row, {"address": "erased", "contact_id": None}, is_erased=True)

    assert told["data"] == {"message_id": str(UUID(int=2)), "address": "erased", "contact_id": None, "channel": "email"}
    assert told["timestamp"] == "2026-11-24T00:00:00.000+00:00"


def test_a_final_failure_of_a_delivery_has_no_next_try() -> None:
    assert webhook_sending._state(Verdict.FAILED, None) == "failed"
    assert webhook_sending._state(Verdict.FAILED, timedelta(1)) == "pending"
    assert webhook_sending._state(Verdict.ARRIVED, None) == "delivered"
