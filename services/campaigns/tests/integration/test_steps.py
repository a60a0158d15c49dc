"""Campaigns of steps on a real broker and database: nobody by two steps, nobody forgotten, figures that add up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database
from chassis.testing import wait_until
from contracts import lanes
from contracts.errors import Conflict, Invalid
from contracts.ids import message_id, step_campaign_id
from contracts.vocabulary import Channel, Lane

from .conftest import of_this_test
from .neighbours import has_none

EMAIL = {
    "channel": "email",
    "sender": {"from_email": "a@example.com"},
    "content": {"subject": "Hi", "html": "<p>Hi</p>"},
}
SMS = {"channel": "sms", "sender": "WICI", "content": {"text": "Hi {{ first_name }}"}}

# Of each step everybody is in one of these.
PLACES = (
    "waiting", "due", "under_way", "reached", "failed", "impossible", "timed_out", "unknown", "saved", "skipped",
)  # fmt: skip


class TellingChannel:
    """A channel that hands everything over and tells what came of each, by the recipient's address.

    :ivar outcome: what it tells of a message: a state and a code, or None for nothing more than that it has left.
    """

    def __init__(
        self,
        broker: Broker,
        database: Database,
        channel: Channel,
        outcome: Callable[[int], tuple[str, str | None] | None],
    ) -> None:
        self._broker, self._channel, self.outcome = broker, channel, outcome
        self.seen: dict[str, int] = {}
        broker.consume(lanes.channel_lane(channel, Lane.BULK), of_this_test(database, self._on_delivery), prefetch=50)

    def _on_delivery(self, delivery: Delivery) -> None:
        batch = orjson.loads(delivery.body)
        events = []
        for one in batch["recipients"]:
            person = int(one["address"][3:]) - 500_000_000
            key = str(message_id(UUID(batch["send_id"]), one["number"]))
            self.seen[key] = person
            told = self.outcome(person)
            kinds = [("submitted", None)] if told is None or told[0] != "rejected" else []
            events += [self._event(batch, key, *kind) for kind in [*kinds, *([told] if told else [])]]
        body = {"v": 1, "source": "test", "events": events}
        for _ in range(2):  # everything is told twice
            self._broker.publish(lanes.DELIVERY_EVENTS, orjson.dumps(body))
            # Of a copy that nobody has bound here.
            self._broker.publish(lanes.CHAIN_EVENTS, orjson.dumps(body))
        done = {"v": 1, "batch_id": batch["batch_id"], "campaign_id": batch["campaign_id"], "deferred": 0}
        failed = sum(1 for event in events if event["kind"] == "rejected")
        done |= {"submitted": len(batch["recipients"]) - failed, "failed": failed}
        self._broker.publish(lanes.BATCHES_DONE, orjson.dumps(done))
        delivery.ack()

    def _event(self, batch: Any, key: str, kind: str, code: str | None) -> dict[str, Any]:
        return {
            "message_id": key, "account_id": batch["account_id"], "campaign_id": batch["campaign_id"], "kind": kind,
            "channel": self._channel, "at": time.time(), "code": code,
        }  # fmt: skip

    @property
    def people(self) -> list[int]:
        return sorted(self.seen.values())


def test_whom_the_first_step_does_not_reach_gets_the_second_and_nobody_both(
    caller: Callable, dispatcher: Callable, chains: Callable, broker: Broker, database: Database
) -> None:
    owner = caller()
    email = TellingChannel(
        broker, database, Channel.EMAIL, lambda one: ("hard_bounced", "5.1.1") if one % 7 == 0 else ("delivered", None)
    )
    sms = TellingChannel(broker, database, Channel.SMS, lambda one: ("delivered", "000"))
    running = [start() for start in (dispatcher, chains) for _ in range(2)]
    made = owner("create_campaign", name="Wiosna", steps=[EMAIL, SMS], audience={"groups": [str(UUID(int=1_300))]})
    assert made["channels"] == ["email", "sms"] and made["channel"] == "email"

    owner("schedule_campaign", campaign_id=made["id"])
    wait_until(lambda: len(email.seen) > 300, what="the first batches")
    running[0].kill()
    running[2].kill()
    dispatcher()
    wait_until(lambda: sms.seen, what="the second step")
    running[1].kill()
    chains()
    sent = owner.wait_for(made["id"], "sent")

    everybody = range(1, 1_301)
    by_email = [one for one in everybody if not has_none(one, "email")]
    after = [one for one in everybody if has_none(one, "email") or one % 7 == 0]
    by_sms = [one for one in after if not has_none(one, "sms")]
    assert email.people == by_email and sms.people == by_sms
    progress = sent["progress"]
    assert progress["recipients"] == 1_300 and progress["to_come"] == 0
    left = sum(progress[name] for name in ("submitted", "failed", "deferred")) + sum(progress["left_out"].values())
    assert left == 1_300

    told = wait_until(lambda: _settled(owner, made["id"], len(by_sms)), what="the report")
    reached = [one for one in by_email if one % 7]
    assert told["reached_by"] == {"email": len(reached), "sms": len(by_sms)}
    assert told["by_state"]["reached"] == len(reached) + len(by_sms) and told["to_come"] == 0
    first, second = told["steps"]
    assert (first["sent"], first["impossible"], first["failed"]) == (
        len(by_email),
        1_300 - len(by_email),
        len(by_email) - len(reached),
    )
    assert second["saved"] == len(reached) and second["sent"] == len(by_sms)
    for step in (first, second):
        assert sum(step[name] for name in PLACES) == 1_300
    assert second["campaign_id"] == str(step_campaign_id(UUID(made["id"]), 1))


def test_what_nobody_hears_of_is_taken_back_before_the_next_step_and_a_pause_holds_it(
    caller: Callable, dispatcher: Callable, chains: Callable, broker: Broker, database: Database
) -> None:
    owner = caller()
    email = TellingChannel(broker, database, Channel.EMAIL, lambda one: None)
    sms = TellingChannel(broker, database, Channel.SMS, lambda one: ("delivered", "000"))
    dispatcher()
    chains()
    first = {**EMAIL, "go_on": {"not_delivered_minutes": 10}}
    made = owner("create_campaign", name="Wiosna", steps=[first, SMS], audience={"groups": [str(UUID(int=30))]})
    owner("schedule_campaign", campaign_id=made["id"])
    mailed = [one for one in range(1, 31) if not has_none(one, "email")]
    wait_until(lambda: _with_steps(owner, made["id"], 1, "under_way", len(mailed)), what="mails under way")
    before = sum(1 for one in range(1, 31) if has_none(one, "email") and not has_none(one, "sms"))
    wait_until(lambda: len(sms.seen) == before, what="those without an e-mail address")
    assert email.people == mailed

    owner("pause_campaign", campaign_id=made["id"])
    _let_time_pass(database, made["id"])
    time.sleep(1.5)
    assert len(sms.seen) == before
    assert _looked_at_later(database, made["id"]) == 0, "and nobody is rewritten meanwhile"
    shown = owner("get_campaign_steps", campaign_id=made["id"])
    assert shown["steps"][1]["state"] == "paused"
    assert owner("list_campaigns", limit=10)["total"] == 1
    with pytest.raises(Conflict, match="step"):
        owner("resume_campaign", campaign_id=shown["steps"][1]["campaign_id"])

    owner("resume_campaign", campaign_id=made["id"])
    owner.wait_for(made["id"], "sent")

    by_sms = [one for one in range(1, 31) if not has_none(one, "sms")]
    assert sms.people == by_sms
    told = wait_until(lambda: _settled(owner, made["id"], len(sms.seen)), what="the report")
    assert told["steps"][0]["timed_out"] == len(mailed) and told["steps"][0]["sent"] == len(mailed)
    page = owner("list_campaign_people", campaign_id=made["id"], limit=10, reached_by="sms")
    assert page["items"][0]["steps"][0]["state"] == "revoked" and page["next_cursor"]
    assert page["items"][0]["steps"][1]["message_id"] in sms.seen
    copy = owner("duplicate_campaign", campaign_id=made["id"])
    assert copy["steps"] == made["steps"] and copy["state"] == "draft"

    _cancel_under_way(owner, database, copy["id"], mails=len(mailed), sms=lambda: len(sms.seen) - len(by_sms))


def test_a_step_that_could_never_be_sent_is_refused_by_its_field(caller: Callable) -> None:
    owner, bank = caller(), {**SMS, "sender": "BANK"}
    made = owner("create_campaign", name="Wiosna", steps=[EMAIL, bank], audience={"groups": [str(UUID(int=30))]})
    with pytest.raises(Invalid) as refused:
        owner("schedule_campaign", campaign_id=made["id"])
    assert [error["field"] for error in refused.value.errors] == ["steps.1.sender"]

    changed = owner("update_campaign", campaign_id=made["id"], steps=[EMAIL, {**SMS, "content": {}}])
    assert changed["channels"] == ["email", "sms"]
    with pytest.raises(Invalid) as refused:
        owner("schedule_campaign", campaign_id=made["id"])
    assert [error["field"] for error in refused.value.errors] == ["steps.1.content.text"]
    with pytest.raises(Invalid):
        owner("update_campaign", campaign_id=made["id"], content={"text": "Hi"})
    shown = owner("preview_campaign", campaign_id=made["id"], step=1, sample={"fields": {}})
    assert shown["channel"] == "email"


def _cancel_under_way(owner: Any, database: Database, campaign_id: str, *, mails: int, sms: Callable[[], int]) -> None:
    """Of 30 while mails are out: they are taken back, nothing more leaves, and nobody is waited for."""
    without_email = sum(1 for one in range(1, 31) if has_none(one, "email") and not has_none(one, "sms"))
    owner("schedule_campaign", campaign_id=campaign_id)
    wait_until(lambda: _with_steps(owner, campaign_id, 1, "under_way", mails), what="mails under way")
    wait_until(lambda: sms() == without_email, what="those without an e-mail address")
    owner("cancel_campaign", campaign_id=campaign_id)
    _let_time_pass(database, campaign_id)
    told = wait_until(lambda: _at_rest(owner, database, campaign_id), what="everybody to be at rest")
    assert sms() == without_email
    assert told["to_come"] == 0 and sum(told["by_state"].values()) == 30
    for step in told["steps"]:
        assert sum(step[name] for name in PLACES) == 30
    let_go = f"let_go_of_audience {step_campaign_id(UUID(campaign_id), 0)} 30"
    wait_until(lambda: let_go in owner.look()["asked"], what="the audience to be let go")


def _let_time_pass(database: Database, campaign_id: str) -> None:
    """Of the first step an hour."""
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE campaign_people SET due_at = now(), steps = jsonb_set(steps, '{0,s}',"
                " to_jsonb((steps->0->>'s')::float8 - 3600)) WHERE campaign_id = :id AND place = 0"
            ),
            {"id": campaign_id},
        )


def _with_steps(owner: Any, campaign_id: str, place: int, name: str, people: int) -> Any:
    told = owner("get_campaign_steps", campaign_id=campaign_id)
    step = told["steps"][place - 1]
    return told if step[name] == people == step["sent"] and told["to_come"] == 0 else None


def _looked_at_later(database: Database, campaign_id: str) -> int:
    """How many mails of the first step, whose time is over, were put off."""
    with database.transaction() as session:
        statement = "SELECT count(*) FROM campaign_people WHERE campaign_id = :id AND place = 0 AND due_at > now()"
        return int(session.scalar(text(statement), {"id": campaign_id}) or 0)


def _at_rest(owner: Any, database: Database, campaign_id: str) -> Any:
    """Its report once it is settled and nobody is waited for."""
    with database.transaction() as session:
        waiting = (
            "SELECT count(*) FROM campaign_people WHERE campaign_id = :id AND (place IS NOT NULL OR due_at IS NOT NULL)"
        )
        settled = "SELECT count(*) FROM campaigns WHERE id = :id AND settled_at IS NOT NULL"
        waits, is_settled = (session.scalar(text(one), {"id": campaign_id}) for one in (waiting, settled))
    return owner("get_campaign_steps", campaign_id=campaign_id) if is_settled and not waits else None


def _settled(owner: Any, campaign_id: str, by_sms: int) -> Any:
    told = owner("get_campaign_steps", campaign_id=campaign_id)
    return told if told["reached_by"].get("sms") == by_sms and told["by_state"]["running"] == 0 else None
