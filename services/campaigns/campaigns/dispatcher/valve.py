"""The loop: count reports, renew leases, open windows fairly, publish."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prometheus_client import Counter, Gauge

from campaigns import domain
from campaigns.config import DispatcherConfig
from campaigns.dispatcher.lanes import Publisher, Reports
from campaigns.dispatcher.sends import Recipient, Send, page_size
from campaigns.dispatcher.workers import Workers
from campaigns.store import batches, leases
from campaigns.store.batches import Advance, BatchRange, InFlight, Reported
from campaigns.store.leases import Work
from campaigns.usecases import dispatch as steps
from chassis.broker import Broker
from chassis.database import Database
from chassis.ids import new_id
from chassis.logs import get_logger
from chassis.outbox import Relay
from chassis.rpc_client import RpcClient
from chassis.waking import REST_SECONDS, Waker
from contracts.vocabulary import CampaignState, Channel

RENEW_SECONDS = 0.5
IDLE_SECONDS = 0.25
# Reports and confirms that come within this time are stored together.
GATHER_SECONDS = 0.03
STALE_CHECK_SECONDS = 60.0
DRAIN_SECONDS = 5.0
SNAPSHOT_POLL_SECONDS = 0.3
CAMPAIGNS_HELD = 1000

RECIPIENTS = Counter("wici_dispatched_recipients_total", "Recipients handed to a channel's lane", ["channel"])
HELD = Gauge("wici_dispatcher_campaigns", "Campaigns on which this dispatcher holds a lease")

log = get_logger()


class Valve:
    """One dispatcher. `run` returns after `stop`, with its leases given up."""

    def __init__(self, config: DispatcherConfig, database: Database, broker: Broker) -> None:
        self._config, self._database = config, database
        self._lease = timedelta(seconds=config.lease_seconds)
        self._desk = steps.Desk(database, RpcClient(broker).call, new_id())
        self._relay = Relay(database, broker)
        self._waker = Waker(database, leases.CAMPAIGNS)
        self._publisher = Publisher(broker, database, self._waker.set)
        self._reports = Reports(broker, database, self._waker.set)
        self._sends: dict[UUID, Send] = {}
        self._in_flight: dict[UUID, InFlight] = {}
        self._workers = Workers(self._waker.set)
        self._renew_at = self._stale_at = 0.0
        self._rest = 0.0
        self.last_tick = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        relay = threading.Thread(target=self._relay.run, args=(stop,), name="outbox-relay", daemon=True)
        relay.start()
        self._waker.start(stop)
        while not stop.is_set():
            try:
                self._tick()
            except Exception as error:
                # The database or the broker is away: nothing is lost, everything is tried again.
                log.warning("dispatcher_tick_failed", error=repr(error))
                self._rest = 0.0
                stop.wait(1.0)
            if self._waker.wait(self._rest or IDLE_SECONDS):
                self._renew_at = min(self._renew_at, time.monotonic() + RENEW_SECONDS) if self._sends else 0.0
            stop.wait(GATHER_SECONDS)
        self._waker.close()
        self._give_back()
        relay.join(DRAIN_SECONDS)

    def is_alive(self) -> None:
        """Raises when the loop hangs (readiness)."""
        if time.monotonic() - self.last_tick > 30:
            raise RuntimeError("the dispatcher's loop hangs")

    def _tick(self) -> None:
        self._reports.count()
        self._publisher.note_confirmed()
        if time.monotonic() >= self._renew_at:
            self._renew()
            self._renew_at = time.monotonic() + (self._rest or RENEW_SECONDS)
        self._collect()
        if self._sends:
            self._open_windows(datetime.now(UTC))
            self._step()
        self.last_tick = time.monotonic()

    # Leases

    def _renew(self) -> None:
        with self._database.transaction() as session:
            if len(self._sends) < CAMPAIGNS_HELD:
                limit = CAMPAIGNS_HELD - len(self._sends)
                leases.claim(session, owner=self._desk.owner, lease=self._lease, limit=limit)
            held = {work.id: work for work in leases.renew(session, owner=self._desk.owner, lease=self._lease)}
            paused = [work.id for work in held.values() if work.state is CampaignState.PAUSED]
            if paused:
                leases.release(session, owner=self._desk.owner, campaign_ids=paused)
            for campaign_id in self._sends.keys() - (held.keys() - set(paused)):
                del self._sends[campaign_id]
            for work in held.values():
                if work.state is not CampaignState.PAUSED:
                    self._hold(session, work)
            self._take_stale(session)
            self._rest = 0.0 if self._sends else self._idle_for(session)
        HELD.set(len(self._sends))

    def _idle_for(self, session: Any) -> float:
        """How long nothing is to be done unless somebody wakes us: a scheduled campaign starts on time."""
        soon = leases.seconds_to_next(session)
        return REST_SECONDS if soon is None else max(IDLE_SECONDS, min(soon, REST_SECONDS))

    def _hold(self, session: Any, work: Work) -> None:
        send = self._sends.get(work.id)
        if send is not None and send.work.state is work.state and send.dispatched_to == work.dispatched_to:
            send.note(work)
            return
        try:
            send = Send(work)
        except (ValueError, TypeError, KeyError) as error:
            # What was written was checked, so this cannot be; if it is, it must not hold up everybody else.
            log.error("campaign_unusable", campaign_id=work.id, error=repr(error))
            leases.fail(session, owner=self._desk.owner, campaign_id=work.id, code="campaign.unusable", detail="")
            send = Send(replace(work, options={}))
        self._sends[work.id] = send
        send.note(work)
        if work.state is CampaignState.SENDING:
            # A crash, here or elsewhere, may have come between recording a batch and publishing it.
            recorded = batches.unpublished(session, work.id)
            send.again = [batch for batch in recorded if not self._publisher.is_waiting(batch.id)]
        log.info("campaign_held", campaign_id=work.id, account_id=work.account_id, state=work.state)

    def _take_stale(self, session: Any) -> None:
        if time.monotonic() < self._stale_at:
            return
        self._stale_at = time.monotonic() + STALE_CHECK_SECONDS
        sending = [send.work.id for send in self._sends.values() if send.work.state is CampaignState.SENDING]
        older_than = timedelta(seconds=self._config.stale_batch_seconds)
        for batch in batches.take_stale(session, sending, older_than) if sending else []:
            log.warning("batch_stale", batch_id=batch.id, campaign_id=batch.campaign_id)
            self._sends[batch.campaign_id].again.append(batch)

    # Windows

    def _open_windows(self, now: datetime) -> None:
        with self._database.transaction() as session:
            flying = batches.in_flight(session)
        self._in_flight = {held.campaign_id: held for held in flying}
        by_account: dict[tuple[UUID, Channel], int] = defaultdict(int)
        for held in flying:
            by_account[held.account_id, held.channel] += held.batches
        turns = [turn for send in self._sends.values() if (turn := self._turn(send, now)) is not None]
        if not turns:
            return
        cut: list[tuple[Send, BatchRange, list[Recipient]]] = []
        for campaign_id in domain.fair_order(turns, by_account, self._config.windows):
            send = self._sends[campaign_id]
            recipients = send.cut(now)
            first, last = recipients[0]["number"], recipients[-1]["number"]
            cut.append((send, BatchRange(new_id(), campaign_id, first, last, len(recipients)), recipients))
        if cut:
            self._record_and_publish(cut)

    def _turn(self, send: Send, now: datetime) -> domain.Turn | None:
        work = send.work
        if work.state is not CampaignState.SENDING:
            return None
        held = self._in_flight.get(work.id) or InFlight(work.id, work.account_id, work.channel, 0, 0)
        ready = send.batches_ready(now, held.recipients, self._config.window)
        return domain.Turn(work.id, work.account_id, work.channel, ready, held.batches) if ready else None

    def _record_and_publish(self, cut: list[tuple[Send, BatchRange, list[Recipient]]]) -> None:
        """First on disk, then to the lane: what a crash leaves between the two is published again."""
        reached = {send.work.id: (send, batch.last) for send, batch, _ in cut}
        advances = [
            Advance(campaign_id, send.dispatched_to, last, send.next_portion_at)
            for campaign_id, (send, last) in reached.items()
        ]
        try:
            with self._database.transaction() as session:
                cut_batches = [batch for _, batch, _ in cut]
                recorded = batches.record(session, owner=self._desk.owner, advances=advances, batches=cut_batches)
        except Exception:
            # Whether it was committed is not known: forget what was read, and learn from the database.
            self._forget(send for send, _ in reached.values())
            raise
        for send, batch, recipients in cut:
            if batch.id in recorded:
                send.dispatched_to = batch.last
                self._publisher.publish(send.work, batch.id, recipients)
                RECIPIENTS.labels(send.work.channel).inc(batch.size)
            else:
                # Paused, cancelled or taken over in this very moment.
                self._forget([send])

    def _forget(self, sends: Any) -> None:
        for send in list(sends):
            self._sends.pop(send.work.id, None)
        self._renew_at = 0.0

    # Steps on worker threads

    def _step(self) -> None:
        now = datetime.now(UTC)
        page = page_size(sum(send.work.state is CampaignState.SENDING for send in self._sends.values()))
        for send in list(self._sends.values()):
            if not send.may_run():
                continue
            state = send.work.state
            if state is CampaignState.SENDING:
                self._step_sending(send, page, now)
            elif state is CampaignState.SCHEDULED:
                self._workers.run(send, "start", steps.start, self._desk, send.work)
            elif state is CampaignState.DRAFT:
                self._workers.run(send, "return", steps.return_reservation, self._desk, send.work)
            else:
                self._step_over(send)

    def _step_sending(self, send: Send, page: int, now: datetime) -> None:
        if send.again:
            again, send.again = send.again, []
            self._workers.run(send, "again", steps.read_again, self._desk, send.work, again)
            return
        if send.ended and not send.buffer:
            if not self._in_flight.get(send.work.id) and steps.finish(self._desk, send.work):
                self._renew_at = 0.0
                self._relay.poke()
            return
        while wanted := send.next_read(page, now):
            after, limit = wanted
            page_read = self._workers.read(send, steps.read_page, self._desk, send.work, after, limit)
            send.note_read(after + limit, page_read)

    def _step_over(self, send: Send) -> None:
        """Sent, cancelled or failed: settle once its last batches are counted."""
        if self._in_flight.get(send.work.id):
            with self._database.transaction() as session:
                batches.withdraw_unpublished(session, send.work.id)
            send.wait(1.0)
            return
        self._workers.run(send, "settle", steps.settle, self._desk, send.work)

    def _collect(self) -> None:
        for send in list(self._sends.values()):
            task = send.task if send.task is not None and send.task.done() else None
            try:
                send.take_reads()
                if task is not None:
                    send.task = None
                    self._apply(send, task.result())
                    send.failures = 0
            except Exception as error:
                # One campaign's trouble is not another's.
                self._recover(send, send.task_name if task is not None else "page", error)

    def _recover(self, send: Send, step: str, error: Exception) -> None:
        log.warning("step_failed", step=step, campaign_id=send.work.id, error=repr(error))
        if isinstance(error, steps.LASTING) and send.work.state is CampaignState.SENDING:
            # The audience is gone: no more can be read, now or later.
            steps.fail(self._desk, send.work, error.code, error.detail)
        if step == "again":
            self._forget([send])
        send.wait_after_failure()

    def _apply(self, send: Send, result: Any) -> None:
        if send.task_name == "again":
            self._publish_again(send, result)
        elif send.task_name == "start" and not result:
            send.wait(SNAPSHOT_POLL_SECONDS)
        else:
            # Its state has changed, or its lease is given up.
            self._relay.poke()
            self._renew_at = 0.0
            send.wait(RENEW_SECONDS)

    def _publish_again(self, send: Send, read: list[tuple[BatchRange, list[Recipient]]]) -> None:
        for batch, recipients in read:
            if recipients:
                self._publisher.publish(send.work, batch.id, recipients)
        # Everybody in it has been erased or archived since: there is nobody to send to and nothing to wait for.
        empty = [Reported(batch.id, 0, 0, 0) for batch, recipients in read if not recipients]
        if empty:
            with self._database.transaction() as session:
                batches.mark_done(session, empty)

    def _give_back(self) -> None:
        ends = time.monotonic() + DRAIN_SECONDS
        try:
            while self._publisher.unconfirmed and time.monotonic() < ends:
                self._publisher.note_confirmed()
                time.sleep(GATHER_SECONDS)
            with self._database.transaction() as session:
                leases.release(session, owner=self._desk.owner)
        except Exception as error:
            log.warning("dispatcher_give_back_failed", error=repr(error))
        self._workers.close()
