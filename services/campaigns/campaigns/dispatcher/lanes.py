"""The dispatcher's two ends at the broker: batches out with confirms, reports of batches in."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from campaigns.store import batches as store
from campaigns.store.batches import Reported
from campaigns.store.leases import LeasedCampaign
from campaigns.usecases import life
from chassis import spans
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database, Fault, fault_of
from chassis.logs import get_logger
from contracts.lanes import BATCHES_DONE, channel_lane
from contracts.vocabulary import ContentFailure, Lane, LeftOut

PREFETCH = 500
log = get_logger()


def batch_body(campaign: LeasedCampaign, batch_id: UUID, recipients: list[dict[str, Any]]) -> bytes:
    """A `contracts.lanes.Batch`; the same batch has the same body whenever it is made."""
    return orjson.dumps(
        {
            "v": 1,
            "batch_id": str(batch_id),
            "account_id": str(campaign.account_id),
            "campaign_id": str(campaign.id),
            "send_id": str(campaign.send_id),
            "content_hash": campaign.content_hash_for(recipients[0]["number"]),
            "trace_id": campaign.trace_id,
            "recipients": recipients,
        }
    )


class Publisher:
    """Publishes batches, publishes again what was not confirmed, and notes what was, many in one statement."""

    def __init__(self, broker: Broker, database: Database, wake: Callable[[], None]) -> None:
        self._broker, self._database, self._wake = broker, database, wake
        self._waiting: dict[UUID, tuple[str, bytes]] = {}
        self._confirmed: deque[UUID] = deque()
        self._refused: deque[UUID] = deque()

    @property
    def unconfirmed(self) -> int:
        return len(self._waiting)

    def is_waiting(self, batch_id: UUID) -> bool:
        """Whether the batch is on its way and its confirm is not yet noted."""
        return batch_id in self._waiting

    def publish(self, campaign: LeasedCampaign, batch_id: UUID, recipients: list[dict[str, Any]]) -> None:
        lane = channel_lane(campaign.channel, Lane.BULK)
        log.info(
            "batch_published", trace_id=campaign.trace_id, account_id=campaign.account_id, campaign_id=campaign.id,
            send_id=campaign.send_id, batch_id=batch_id, recipients=len(recipients),
            first=recipients[0]["number"], last=recipients[-1]["number"],
        )  # fmt: skip
        spans.record(
            f"{lane} publish", spans.Kind.PRODUCER, request_id=campaign.trace_id or "", started=time.time(),
            span_id=spans.id_of(str(batch_id)), facts={"batch_id": batch_id, "recipients": len(recipients)},
        )  # fmt: skip
        self._waiting[batch_id] = (lane, batch_body(campaign, batch_id, recipients))
        self._send(batch_id)

    def note_confirmed(self) -> None:
        """Store what the broker has confirmed since the last time; what it refused goes again."""
        self._send_refused()
        batch_ids = list(self._confirmed)
        if not batch_ids:
            return
        with self._database.transaction() as session:
            store.mark_published(session, batch_ids)
        for batch_id in batch_ids:
            self._confirmed.popleft()
            self._waiting.pop(batch_id, None)

    def _send_refused(self) -> None:
        if not self._broker.is_connected:
            return
        for _ in range(len(self._refused)):
            self._send(self._refused.popleft())

    def _send(self, batch_id: UUID) -> None:
        lane, body = self._waiting[batch_id]

        def on_answer(answer: Future[None]) -> None:
            (self._confirmed if answer.exception() is None else self._refused).append(batch_id)
            self._wake()

        self._broker.publish(lane, body).add_done_callback(on_answer)


class Reports:
    """Counts what channels report, many batches in one statement, and acks only what has been counted.

    :param on_paused: called when a campaign was paused for what is reported of it.
    :param on_short: called when a campaign needs more units of quota than are reserved.
    """

    def __init__(
        self,
        broker: Broker,
        database: Database,
        wake: Callable[[], None],
        *,
        on_paused: Callable[[], None],
        on_short: Callable[[], None],
    ) -> None:
        self._database, self._wake, self._on_paused, self._on_short = database, wake, on_paused, on_short
        self._arrived: deque[Delivery] = deque()
        broker.consume(BATCHES_DONE, self._on_delivery, prefetch=PREFETCH)

    def count(self) -> int:
        """Count everything that has arrived; returns how many batches had not been counted before."""
        deliveries = [self._arrived.popleft() for _ in range(len(self._arrived))]
        readable = [(delivery, report) for delivery in deliveries if (report := _read(delivery)) is not None]
        if not readable:
            return 0
        try:
            return self._counted(readable)
        except Exception as error:
            if fault_of(error) is not Fault.DATA:
                self._arrived.extendleft(delivery for delivery, _ in reversed(readable))
                raise
        return sum(self._counted_alone(delivery, report) for delivery, report in readable)

    def _counted(self, readable: list[tuple[Delivery, Reported]]) -> int:
        # Two reports on one batch in one go: the last one stands.
        unique = {report.id: report for _, report in readable}
        with self._database.transaction() as session:
            counted = store.mark_done(session, list(unique.values()))
            if counted.failing:
                life.pause_failing(session, now=datetime.now(UTC), campaign_ids=counted.failing)
        for delivery, report in readable:
            log.info(
                "batch_counted", batch_id=report.id, submitted=report.submitted, failed=report.failed,
                deferred=report.deferred,
            )  # fmt: skip
            delivery.ack()
        if counted.failing:
            self._on_paused()
        if counted.short:
            self._on_short()
        return counted.batches

    def _counted_alone(self, delivery: Delivery, report: Reported) -> int:
        """One of many that failed together: the one that is to blame goes to the dead letters, and no other."""
        try:
            return self._counted([(delivery, report)])
        except Exception as error:
            if fault_of(error) is Fault.DATA:
                log.error("batch_report_refused", batch_id=report.id)
                delivery.nack(requeue=False)
            else:
                self._arrived.append(delivery)
            return 0

    def _on_delivery(self, delivery: Delivery) -> None:
        self._arrived.append(delivery)
        self._wake()


def _read(delivery: Delivery) -> Reported | None:
    """None for what is not a report; it goes to the dead letters."""
    try:
        body = orjson.loads(delivery.body)
        submitted, failed, deferred = (_count(body[name]) for name in ("submitted", "failed", "deferred"))
        units = _count(body.get("units", submitted))
        left_out = {str(LeftOut(reason)): _count(count) for reason, count in body.get("left_out", {}).items()}
        # What a newer channel calls otherwise is among the failed all the same.
        told = body.get("content_failed", {})
        known = {code: _count(told.get(code, 0)) for code in map(str, ContentFailure)}
        content_failed = {code: count for code, count in known.items() if 0 < count <= failed}
        return Reported(UUID(body["batch_id"]), submitted, failed, deferred, left_out, content_failed, units)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.error("batch_report_unreadable", error=error)
        delivery.nack(requeue=False)
        return None


def _count(value: Any) -> int:
    """:raises ValueError, TypeError: it is none, or more than the database holds."""
    count = int(value)
    if not 0 <= count < 2**31:
        raise ValueError("a count is out of range")
    return count
