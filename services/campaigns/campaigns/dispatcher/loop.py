"""The loop: count reports, renew leases, open windows fairly, publish."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prometheus_client import Counter, Gauge

from campaigns import domain
from campaigns.config import DispatcherConfig
from campaigns.dispatcher.in_hand import CampaignInHand, Recipient, page_size
from campaigns.dispatcher.lanes import Publisher, Reports
from campaigns.dispatcher.of_steps import OfSteps
from campaigns.dispatcher.workers import Workers
from campaigns.store import batches, leases
from campaigns.store.batches import Advance, BatchRange, InFlight
from campaigns.store.leases import LeasedCampaign
from campaigns.usecases.attachments import Attachments
from campaigns.usecases.dispatch import LASTING, Steps
from chassis import seals
from chassis.broker import Broker
from chassis.database import Database, Session
from chassis.health import Progress
from chassis.ids import new_id
from chassis.logs import get_logger
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
SETTLE_POLL_SECONDS = 2.0
CAMPAIGNS_AT_ONCE = 1000

RECIPIENTS = Counter("wici_dispatched_recipients_total", "Recipients handed to a channel's lane", ["channel"])
LEASED = Gauge("wici_dispatcher_campaigns", "Campaigns on which this dispatcher holds a lease")

log = get_logger()


class Dispatcher:
    """One dispatcher. `run` returns after `stop`, with its leases given up.

    :param files: what campaigns attach. :param poke_outbox: called when an event waits in the outbox.
    """

    def __init__(
        self,
        config: DispatcherConfig,
        database: Database,
        broker: Broker,
        files: Attachments,
        poke_outbox: Callable[[], None],
    ) -> None:
        self._config, self._database, self._poke_outbox = config, database, poke_outbox
        self._lease = timedelta(seconds=config.lease_seconds)
        self._steps = Steps(database, RpcClient(broker, seals.passed_on).call, new_id(), files)
        self._waker = Waker(database, leases.CAMPAIGNS)
        self._publisher = Publisher(broker, database, self._waker.set)
        self._reports = Reports(broker, database, self._waker.set, on_paused=poke_outbox, on_short=self._look_at_once)
        self._in_hand: dict[UUID, CampaignInHand] = {}
        self._in_flight: dict[UUID, InFlight] = {}
        self._workers = Workers(self._waker.set)
        self._renew_at = self._stale_at = 0.0
        self._rest = 0.0
        self.progress = Progress()

    def run(self, stop: threading.Event) -> None:
        self._waker.start(stop)
        while not stop.is_set():
            try:
                self._tick()
            except Exception as error:
                # The database or the broker is away: nothing is lost, everything is tried again.
                log.warning("dispatcher_tick_failed", error=error)
                self._rest = 0.0
                stop.wait(1.0)
            if self._waker.wait(self._rest or IDLE_SECONDS):
                self._renew_at = min(self._renew_at, time.monotonic() + RENEW_SECONDS) if self._in_hand else 0.0
            stop.wait(GATHER_SECONDS)
        self._give_back()
        self._waker.close()

    def _tick(self) -> None:
        self.progress.waits()
        self._reports.count()
        self._publisher.note_confirmed()
        if time.monotonic() >= self._renew_at:
            self._renew()
            self._renew_at = time.monotonic() + (self._rest or RENEW_SECONDS)
        self._collect()
        if self._in_hand:
            self._open_windows(datetime.now(UTC))
            self._step()
        self.progress.moved()

    def _look_at_once(self) -> None:
        """At what the database says of the campaigns, before another window is opened."""
        self._renew_at = 0.0

    # Leases

    def _renew(self) -> None:
        with self._database.transaction() as session:
            if len(self._in_hand) < CAMPAIGNS_AT_ONCE:
                limit = CAMPAIGNS_AT_ONCE - len(self._in_hand)
                leases.claim(session, owner=self._steps.owner, lease=self._lease, limit=limit)
            leased_by_id = {
                leased.id: leased for leased in leases.renew(session, owner=self._steps.owner, lease=self._lease)
            }
            for campaign_id in self._in_hand.keys() - leased_by_id.keys():
                del self._in_hand[campaign_id]
            for leased in leased_by_id.values():
                self._take_in_hand(session, leased)
            self._take_stale(session)
            self._rest = 0.0 if self._in_hand else _idle_for(session)
        LEASED.set(len(self._in_hand))

    def _take_in_hand(self, session: Session, leased: LeasedCampaign) -> None:
        campaign = self._in_hand.get(leased.id)
        if campaign is not None and CampaignState.PAUSED in (leased.state, campaign.leased.state):
            campaign.pause()  # also when it has been resumed meanwhile: it is first given up
            return
        if campaign is not None and campaign.is_as(leased):
            campaign.note(leased)
            return
        try:
            campaign = CampaignInHand(leased)
        except (ValueError, TypeError, KeyError) as error:
            # What was written was checked, so this cannot be; if it is, it must not hold up everybody else.
            log.error("campaign_unusable", campaign_id=leased.id, error=error)
            leases.fail(session, owner=self._steps.owner, campaign_id=leased.id, code="campaign.unusable", detail="")
            campaign = CampaignInHand(replace(leased, options={}))
        self._in_hand[leased.id] = campaign
        campaign.note(leased)
        if leased.state is CampaignState.SENDING:
            # A crash, here or elsewhere, may have come between recording a batch and publishing it.
            recorded = batches.unpublished(session, leased.id)
            campaign.again = [batch for batch in recorded if not self._publisher.is_waiting(batch.id)]
        log.info("campaign_leased", campaign_id=leased.id, account_id=leased.account_id, state=leased.state)

    def _take_stale(self, session: Session) -> None:
        if time.monotonic() < self._stale_at:
            return
        self._stale_at = time.monotonic() + STALE_CHECK_SECONDS
        sending = [campaign.leased.id for campaign in self._in_hand.values() if campaign.is_sending]
        older_than = timedelta(seconds=self._config.stale_batch_seconds)
        for batch in batches.take_stale(session, sending, older_than) if sending else []:
            log.warning("batch_stale", batch_id=batch.id, campaign_id=batch.campaign_id)
            self._in_hand[batch.campaign_id].again.append(batch)

    # Windows

    def _open_windows(self, now: datetime) -> None:
        with self._database.transaction() as session:
            self._in_flight = {in_flight.campaign_id: in_flight for in_flight in batches.in_flight(session)}
        by_account: dict[tuple[UUID, Channel], int] = defaultdict(int)
        for in_flight in self._in_flight.values():
            by_account[in_flight.account_id, in_flight.channel] += in_flight.batches
        window = self._config.window
        candidates = (campaign.turn(now, self._in_flight.get(key), window) for key, campaign in self._in_hand.items())
        turns = [turn for turn in candidates if turn is not None]
        cut: list[tuple[CampaignInHand, BatchRange, list[Recipient]]] = []
        for campaign_id in domain.fair_order(turns, by_account, self._config.windows) if turns else ():
            campaign = self._in_hand[campaign_id]
            recipients = campaign.cut(now)
            numbers = [recipient["number"] for recipient in recipients]
            cut.append((campaign, BatchRange.of(new_id(), campaign_id, numbers), recipients))
        # Those of whom nobody is left to send to, as far as they have been read.
        reached = {key: one.read_to for key, one in self._in_hand.items() if one.is_moving_on}
        reached |= {campaign.leased.id: batch.last for campaign, batch, _ in cut if campaign.leased.id not in reached}
        if reached:
            self._record_and_publish(cut, reached)

    def _record_and_publish(
        self, cut: list[tuple[CampaignInHand, BatchRange, list[Recipient]]], reached: Mapping[UUID, int]
    ) -> None:
        """First on disk, then to the lane: what a crash leaves between the two is published again.

        :param reached: by campaign, the number up to which everybody is in a batch or left out.
        """
        moving = {campaign_id: self._in_hand[campaign_id] for campaign_id in reached}
        gone = {campaign_id: one.take_left_out(reached[campaign_id]) for campaign_id, one in moving.items()}
        now = datetime.now(UTC)
        try:
            with self._database.transaction() as session:
                of_steps = OfSteps.lock(session, moving, cut, gone)
                cut, gone = of_steps.left(cut, gone)
                advances = [
                    Advance.of(key, one.dispatched_to, reached[key], one.next_portion_at, gone[key])
                    for key, one in moving.items()
                ]
                cut_batches = [batch for _, batch, _ in cut]
                moved = batches.record(session, owner=self._steps.owner, advances=advances, batches=cut_batches)
                of_steps.note(session, moved, cut, gone, now)
        except Exception:
            # Whether it was committed is not known: forget what was read, and learn from the database.
            self._forget(moving.values())
            raise
        for campaign_id in moved:
            moving[campaign_id].dispatched_to = reached[campaign_id]
        for campaign, batch, recipients in cut:
            if batch.campaign_id in moved:
                self._publisher.publish(campaign.leased, batch.id, recipients)
                RECIPIENTS.labels(campaign.leased.channel).inc(batch.size)
        for campaign in (campaign for campaign_id, campaign in moving.items() if campaign_id not in moved):
            # Paused, cancelled or taken over in this very moment: the next renewal says which.
            campaign.pause()
            campaign.wait(math.inf)
            self._renew_at = 0.0

    def _forget(self, campaigns: Iterable[CampaignInHand]) -> None:
        for campaign in list(campaigns):
            self._in_hand.pop(campaign.leased.id, None)
            self._renew_at = 0.0

    # Steps on worker threads

    def _step(self) -> None:
        now = datetime.now(UTC)
        page = page_size(sum(campaign.is_sending for campaign in self._in_hand.values()))
        for campaign in list(self._in_hand.values()):
            if not campaign.may_run():
                continue
            state = campaign.leased.state
            if state is CampaignState.SENDING:
                self._step_sending(campaign, page, now)
            elif state is CampaignState.SCHEDULED:
                self._workers.run(campaign, "start", self._steps.start, campaign.leased)
            elif state is CampaignState.DRAFT:
                self._workers.run(campaign, "return", self._steps.return_reservation, campaign.leased)
            elif state is CampaignState.PAUSED:
                self._step_paused(campaign)
            else:
                self._step_ended(campaign)

    def _step_sending(self, campaign: CampaignInHand, page: int, now: datetime) -> None:
        if campaign.leased.has_steps:
            self._workers.run(campaign, "steps", self._steps.look_at_steps, campaign.leased)
            return
        if campaign.let_go is not None:
            self._tell_let_go(campaign)
            return
        if campaign.again:
            again, campaign.again = campaign.again, []
            self._workers.run(campaign, "again", self._steps.read_again, campaign.leased, again)
            return
        if campaign.leased.is_short_of_units and not campaign.is_through:
            self._workers.run(campaign, "reserve", self._steps.reserve_more, campaign.leased)
            return
        if campaign.never_open and not campaign.is_through:
            self._workers.run(campaign, "pause", self._steps.pause_never_open, campaign.leased)
            return
        if campaign.is_through and campaign.leased.awaits_more:
            in_flight = campaign.leased.id in self._in_flight
            self._workers.run(campaign, "gather", self._steps.gather, campaign.leased, in_flight)
            return
        if campaign.is_through:
            if not self._in_flight.get(campaign.leased.id):
                self._finish(campaign)
            return
        while next_read := campaign.next_read(page, now):
            after, limit = next_read
            page_read = self._workers.read(campaign, self._steps.read_page, campaign.leased, after, limit)
            campaign.note_read(after + limit, page_read)

    def _step_paused(self, campaign: CampaignInHand) -> None:
        """Give its lease up once who was read ahead is let go: what is held for it once it is resumed stays."""
        if campaign.let_go is not None:
            self._tell_let_go(campaign)
            return
        with self._database.transaction() as session:
            leases.release(session, owner=self._steps.owner, campaign_ids=[campaign.leased.id])
        self._forget([campaign])

    def _tell_let_go(self, campaign: CampaignInHand) -> None:
        """Who was read and is not sent to now is free for others, under a frequency cap."""
        if campaign.let_go is not None:
            reads, campaign.let_go = campaign.let_go, None
            self._workers.run(campaign, "let_go", self._steps.let_go, campaign.leased, campaign.dispatched_to, reads)

    def _finish(self, campaign: CampaignInHand) -> None:
        """It is sent; or some wait at the channel, or a test for its end, and somebody looks again later."""
        if campaign.is_tested:
            self._workers.run(campaign, "test", self._steps.look_at_test, campaign.leased)
        elif self._steps.finish(campaign.leased):
            self._renew_at = 0.0
            self._poke_outbox()
        else:
            self._workers.run(campaign, "rest", self._steps.look_at_rest, campaign.leased)

    def _step_ended(self, campaign: CampaignInHand) -> None:
        """Sent, cancelled or failed: settle once its last batches are counted."""
        if self._in_flight.get(campaign.leased.id):
            with self._database.transaction() as session:
                batches.withdraw_unpublished(session, campaign.leased.id)
            campaign.wait(1.0)
            return
        self._workers.run(campaign, "settle", self._steps.settle, campaign.leased)

    def _collect(self) -> None:
        for campaign in list(self._in_hand.values()):
            task = campaign.task if campaign.task is not None and campaign.task.done() else None
            try:
                campaign.take_reads()
                if task is not None:
                    campaign.task = None
                    self._apply(campaign, task.result())
                    campaign.failures = 0
            except Exception as error:
                # One campaign's trouble is not another's.
                self._recover(campaign, campaign.task_name if task is not None else "page", error)

    def _recover(self, campaign: CampaignInHand, step: str, error: Exception) -> None:
        log.warning("step_failed", step=step, campaign_id=campaign.leased.id, error=error)
        if isinstance(error, LASTING) and campaign.is_sending and step not in ("rest", "test"):
            # The audience is gone: no more can be read, now or later.
            self._steps.fail(campaign.leased, error.code, error.detail)
        if step == "again":
            self._forget([campaign])
        campaign.wait_after_failure()

    def _apply(self, campaign: CampaignInHand, result: Any) -> None:
        if campaign.task_name == "again" and campaign.is_sending:
            self._publish_again(campaign, result)
        elif campaign.task_name == "start" and not result:
            campaign.wait(SNAPSHOT_POLL_SECONDS)
        elif campaign.task_name == "settle" and not result:
            campaign.wait(SETTLE_POLL_SECONDS)
        else:
            # Its state has changed, or its lease is given up.
            self._poke_outbox()
            self._renew_at = 0.0
            campaign.wait(RENEW_SECONDS)

    def _publish_again(self, campaign: CampaignInHand, read: list[tuple[BatchRange, list[Recipient]]]) -> None:
        for batch, recipients in read:
            self._publisher.publish(campaign.leased, batch.id, recipients)

    def _give_back(self) -> None:
        ends = time.monotonic() + DRAIN_SECONDS
        try:
            while self._publisher.unconfirmed and time.monotonic() < ends:
                self._publisher.note_confirmed()
                time.sleep(GATHER_SECONDS)
            with self._database.transaction() as session:
                leases.release(session, owner=self._steps.owner)
        except Exception as error:
            log.warning("dispatcher_give_back_failed", error=error)
        self._workers.close()


def _idle_for(session: Session) -> float:
    """How long nothing is to be done unless somebody wakes us: a scheduled campaign starts on time."""
    soon = leases.seconds_to_next(session)
    return REST_SECONDS if soon is None else max(IDLE_SECONDS, min(soon, REST_SECONDS))
