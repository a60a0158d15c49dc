"""A content that fails in the mass pauses its campaign, once, and again only for what fails later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from campaigns.dispatcher.lanes import Reports
from campaigns.models import Campaign
from campaigns.store import batches
from campaigns.store.batches import Advance, BatchRange
from campaigns.usecases import life, views
from chassis.database import Database
from chassis.testing import RunningProcess
from contracts.events import CAMPAIGNS_ACT

OWNER, ACCOUNT = uuid4(), uuid4()
ACTOR: Any = {"account_id": str(ACCOUNT), "permissions": ["sms.campaigns.send"], "user_id": str(uuid4())}
WORDS = "No message could be made of the content for {} of {} recipients ({})."


class Delivery:
    def __init__(self, **report: Any) -> None:
        self.body = orjson.dumps(report)

    def ack(self) -> None: ...


class Broker:
    def consume(self, _queue: str, on_delivery: Any, *, prefetch: int) -> None:
        self.deliver = on_delivery


class Sending:
    """A campaign that is being sent, and the reports on its batches."""

    def __init__(self, database: Database) -> None:
        self.database, self.id, self._reached = database, uuid4(), 0
        self.paused: list[str] = []
        with database.transaction() as session:
            session.add(
                Campaign(
                    id=self.id, account_id=ACCOUNT, name="Lato", channel="sms", state="sending", audience={},
                    content={}, options={}, recipients=100_000, send_id=uuid4(), lease_owner=OWNER,
                )
            )  # fmt: skip

    def batch(self, size: int) -> UUID:
        batch = BatchRange(uuid4(), self.id, self._reached + 1, self._reached + size, size)
        advance = Advance(self.id, self._reached, self._reached + size, None)
        with self.database.transaction() as session:
            assert batches.record(session, owner=OWNER, advances=[advance], batches=[batch])
        self._reached += size
        return batch.id

    def reports(self) -> Any:
        """A dispatcher's end at the broker."""
        broker: Any = Broker()
        return broker, Reports(
            broker, self.database, lambda: None, on_paused=lambda: self.paused.append("poked"), on_short=lambda: None
        )

    def report(self, size: int, **failed: int) -> None:
        self.report_on(self.batch(size), size, **failed)

    def report_on(self, batch_id: UUID, size: int, **failed: int) -> None:
        codes = {name.replace("_", ".", 1): count for name, count in failed.items()}
        bad = sum(codes.values())
        broker, reports = self.reports()
        broker.deliver(
            Delivery(
                batch_id=str(batch_id), campaign_id=str(self.id), submitted=size - bad, failed=bad, deferred=0,
                left_out={}, content_failed=codes,
            )
        )  # fmt: skip
        reports.count()

    def state(self) -> tuple[str, Any]:
        with self.database.transaction() as session:
            shown = views.campaign(session.get_one(Campaign, self.id))
        return str(shown["state"]), shown["failure"]

    def do(self, command: Callable[..., Any]) -> Any:
        with self.database.transaction() as session:
            return command(session, actor=ACTOR, now=datetime.now(UTC), campaign_id=self.id)


@pytest.fixture
def sending(database: Database) -> Sending:
    return Sending(database)


def test_it_pauses_at_one_in_a_hundred_and_not_below_twenty(sending: Sending) -> None:
    sending.report(1_000, template_failed=10, text_empty=9)
    assert sending.state() == ("sending", None), "nineteen are too few to stop everybody"
    sending.report(1_500)
    sending.report(500, template_failed=10)
    assert sending.state() == ("sending", None), "29 of 3,000 are less than one in a hundred"

    sending.report(100, template_failed=2)

    state, failure = sending.state()
    assert (state, failure["code"]) == ("paused", "campaign.content_fails")
    assert failure["detail"].startswith(WORDS.format(31, "3100", "template.failed 22, text.empty 9"))
    assert sending.paused == ["poked"]


def test_a_sender_that_has_lost_its_records_pauses_it_under_a_code_of_its_own(sending: Sending) -> None:
    sending.report(100, sender_records_lost=60, template_failed=5)

    state, failure = sending.state()
    assert (state, failure["code"]) == ("paused", "email.sender_records_lost")
    assert "65 of 100 recipients got no mail" in failure["detail"] and "resume the campaign" in failure["detail"]

    sending.do(life.resume_campaign)
    sending.report(100, template_failed=20)

    failure = sending.state()[1]
    assert failure["code"] == "campaign.content_fails", "what was before it was resumed counts no more"
    assert failure["detail"].startswith(WORDS.format(20, "100", "template.failed 20"))


def test_what_a_carrier_refuses_pauses_nothing(sending: Sending) -> None:
    for _ in range(2):
        sending.report_on(sending.batch(500), 500)
    broker, reports = sending.reports()
    body = {"batch_id": str(sending.batch(500)), "submitted": 0, "failed": 500, "deferred": 0}
    broker.deliver(Delivery(**body))
    broker.deliver(Delivery(**body | {"batch_id": str(sending.batch(500)), "content_failed": {"of.a.newer": 500}}))

    assert reports.count() == 2
    assert sending.state() == ("sending", None)


def test_two_dispatchers_at_once_pause_once(
    sending: Sending, service: RunningProcess, acts_told: Callable[..., list[Any]]
) -> None:
    waiting = [sending.batch(100) for _ in range(8)]
    together = threading.Barrier(len(waiting))

    def report(batch_id: UUID) -> None:
        together.wait()
        sending.report_on(batch_id, 100, template_failed=90)

    threads = [threading.Thread(target=report, args=(batch_id,)) for batch_id in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sending.state()[0] == "paused"
    assert len(sending.paused) == 1
    with sending.database.transaction() as session:
        assert session.scalar(text("SELECT state_version FROM campaigns")) == 1
        assert session.scalar(text("SELECT submitted + failed FROM campaigns")) == 800
    sending.do(life.cancel_campaign)
    told = acts_told(CAMPAIGNS_ACT, {str(sending.id)}, until="campaign.cancelled")
    assert [act["action"] for act in told] == ["campaign.paused", "campaign.cancelled"]
    assert (told[0]["details"]["code"], told[0]["account_id"]) == ("campaign.content_fails", ACCOUNT)


def test_resumed_it_pauses_again_only_for_what_fails_later(sending: Sending) -> None:
    late = sending.batch(500)
    sending.report(1_000, template_failed=500)
    assert sending.state()[0] == "paused"
    sending.report_on(late, 500, template_failed=200)

    assert sending.do(life.resume_campaign)["failure"] is None
    sending.report(1_000)
    sending.report(100, template_failed=19)
    assert sending.state() == ("sending", None)
    sending.report(100, template_failed=1)

    state, failure = sending.state()
    assert state == "paused" and failure["detail"].startswith("No message could be made of the content for 20 of 1200 ")
