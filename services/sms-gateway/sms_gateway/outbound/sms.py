"""What is SMS's own about sending: carriers and routes as outlets, submit_sm as content, receipts."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from channel import retries, stop_sayers
from channel.batches import Batch, Header, Recipient
from channel.old_days import KEPT_DAYS
from channel.outlets import Chunk, Message, Outlet
from channel.ports import CommonLoop, CommonUpkeep
from chassis.database import Database, Session, cursor_of
from chassis.logs import get_logger
from contracts.short_codes import Codes
from contracts.vocabulary import Channel, Lane
from sms_gateway.batches import Content, KnownCarrier, SmsMessage
from sms_gateway.content.template import RenderFailed
from sms_gateway.domain.prices import Price, PriceList
from sms_gateway.domain.retrying import retry_at
from sms_gateway.domain.routing import Router, RouteRule
from sms_gateway.http_api.number_look_ups import LookUpSettings
from sms_gateway.outbound import figures
from sms_gateway.outbound.carrier_settings import CarrierSettings, SettingsReader
from sms_gateway.outbound.carriers import CarrierOutlet
from sms_gateway.outbound.composing import NO_CARRIER, compose
from sms_gateway.outbound.number_networks import NumberNetworks
from sms_gateway.outbound.openings import Openings
from sms_gateway.outbound.queues import LANES
from sms_gateway.outbound.reports import Reports
from sms_gateway.outbound.shares import Shares
from sms_gateway.smpp.constants import THROTTLED_CODES
from sms_gateway.store import (
    account_countries,
    answers,
    carrier_instances,
    code_rates,
    contents,
    conversations,
    held_ranges,
    inbound_ids,
    inbound_parts,
    inbound_sms,
    last_messages,
    number_networks,
    overdue,
    parked_receipts,
    receipts,
    replies,
    short_links,
    traffic,
    unknown_messages,
    unread_deliveries,
)
from sms_gateway.store import carriers as carrier_store
from sms_gateway.store import prices as price_store
from sms_gateway.store.ledger import SmsLedger

# Of the prompt lanes, each batch is one request: many of them may be under way.
PROMPT_PREFETCH = 200
MOST_CONTENTS = 1_000
BIND_WAIT_SECONDS = 2.0
TRIED_WITH = 5  # messages of the retry schedule that find out whether a carrier is well again
FORGET_EVERY, OVERDUE_EVERY, SWEEP_EVERY = timedelta(hours=1), timedelta(minutes=1), timedelta(minutes=5)

log = get_logger()


class SmsOutbound:
    """`channel.ports.Outbound` of SMS.

    :param codes: of short links.
    :param claim_ahead: how many messages a carrier may have claimed and not handed over yet.
    :param unmatched_after: seconds until a receipt whose id nobody knows may belong to a message without an answer.
    """

    channel = Channel.SMS
    composes_ahead = False
    partitioned = ("ledger", "ledger_parts")
    kept_days = KEPT_DAYS
    put_off = ("parked_receipts",)

    def __init__(
        self,
        database: Database,
        settings: SettingsReader,
        codes: Codes,
        reports: Reports,
        *,
        claim_ahead: int,
        bulk_prefetch: int,
        unmatched_after: float,
    ) -> None:
        self._database = database
        self._settings = settings
        self._codes = codes
        self._reports = reports
        self._claim_ahead = claim_ahead
        self._unmatched_after = unmatched_after
        self.ledger = SmsLedger()
        self.prefetch: Mapping[Lane, int] = {
            lane: bulk_prefetch if lane is Lane.BULK else PROMPT_PREFETCH for lane in LANES
        }
        self._carriers: dict[UUID, CarrierOutlet] = {}
        self._router = Router(())
        self._number_networks = NumberNetworks(database, self._look_up_settings)
        self._reference = random.randrange(256)
        self._contents: dict[str, Content] = {}
        self._carrier_came_up, self._carrier_is_tried = threading.Event(), threading.Event()
        self._directory: Any = None
        self._countries: dict[str, frozenset[str]] = {}
        self._forgot_old_at: datetime | None = None
        self._swept_at: datetime | None = None
        self._own_swept_to = contents.FIRST
        self._filled_at: datetime | None = None
        self._end_overdue_at: datetime | None = None
        self._loop: CommonLoop
        self._upkeep: CommonUpkeep

    def attach(self, loop: CommonLoop, upkeep: CommonUpkeep) -> None:
        self._loop, self._upkeep = loop, upkeep
        self._running = asyncio.get_running_loop()

    async def start_up(self) -> None:
        """A moment for the binds, so that the first batches do not find every carrier down."""
        await asyncio.to_thread(self._look_up)
        self._reports.start(self._loop, lambda: self._carriers)
        self._loop.spawn(self._number_networks.run())
        self._loop.spawn(Shares(self._database, lambda: list(self._carriers.values())).keep())
        until = self._running.time() + BIND_WAIT_SECONDS
        while self._running.time() < until:
            await asyncio.sleep(0.1)
            if self._carriers and all(carrier.is_up for carrier in self._carriers.values()):
                return

    # --- carriers and routes

    def outlets(self) -> Sequence[Outlet]:
        return list(self._carriers.values())

    def route(self, batch: Batch, recipients: list[Recipient]) -> list[tuple[Outlet | None, list[Recipient]]]:
        self._number_networks.want(recipient["address"] for recipient in recipients)
        return list(Openings(self._carriers, self._router).of(batch, recipients))

    def _look_up_settings(self) -> LookUpSettings | None:
        """Of the first carrier that can be asked where a number is."""
        found = (carrier.settings.look_up for carrier in list(self._carriers.values()))
        return next((each for each in found if each is not None), None)

    def _fail_over(self, outlet: CarrierOutlet, messages: Sequence[SmsMessage]) -> list[SmsMessage]:
        """Messages that the outlet does not take now, and has not let leave in part, go to other carriers under the
        same claims; returns those that none takes."""
        if self._loop.is_stopping:
            return list(messages)
        openings = Openings(self._carriers, self._router)
        left: list[SmsMessage] = []
        alike: dict[tuple[Chunk, frozenset[UUID]], dict[int, SmsMessage]] = {}
        for message in messages:
            key = message.chunk, message.refused_by | {outlet.id}
            alike.setdefault(key, {})[message.recipient["number"]] = message
        for (chunk, refused_by), by_number in alike.items():
            header = chunk.batch.header
            if self._loop.is_stopped(header):
                left += by_number.values()
                continue
            for carrier, some in openings.of(chunk.batch, [each.recipient for each in by_number.values()], refused_by):
                if carrier is None:
                    left += [by_number[recipient["number"]] for recipient in some]
                else:
                    outlet.claimed[header.lane] -= len(some)
                    self._take_over(carrier, chunk, some, refused_by)
        return left

    def _take_over(
        self, carrier: CarrierOutlet, chunk: Chunk, recipients: list[Recipient], refused_by: frozenset[UUID]
    ) -> None:
        messages = self.compose(chunk, recipients, carrier)
        if finished := [message for message in messages if message.state is not None]:
            self._loop.settled(finished)
        if travelling := [message for message in messages if message.state is None]:
            for message in travelling:
                message.refused_by, message.outlet = refused_by, carrier
            carrier.claimed[chunk.batch.header.lane] += len(travelling)
            carrier.hand_over(travelling)

    def _use(self, settings: Sequence[CarrierSettings], router: Router) -> None:
        """Take the present carriers and routes; binds of a changed carrier are made again."""
        wanted = {each.id: each for each in settings}
        self._router = router
        for carrier_id, carrier in list(self._carriers.items()):
            present = wanted.get(carrier_id)
            if present is None or present.version != carrier.settings.version:
                del self._carriers[carrier_id]
                figures.forget(carrier.settings.name)
                self._loop.spawn(self._loop.retire(carrier))
        for carrier_id, present in wanted.items():
            if carrier_id not in self._carriers:
                carrier = CarrierOutlet(present, self._loop, self._claim_ahead, self._carrier_is_up, self._fail_over)
                self._carriers[carrier_id] = carrier
                carrier.start()

    def _carrier_is_up(self, is_on_trial: bool) -> None:
        (self._carrier_is_tried if is_on_trial else self._carrier_came_up).set()
        self._upkeep.wake()

    # --- content

    def load_content(self, session: Session, content_hash: str) -> Content | None:
        found = self._contents.get(content_hash)
        if found is None:
            load = contents.own if contents.is_own(content_hash) else contents.content
            row = load(session, content_hash)
            if row is None:
                return None
            if len(self._contents) > MOST_CONTENTS:
                self._contents.clear()
            found = self._contents[content_hash] = Content(row.account_id, row.sender, row.content)
        return found

    def own_content(self, header: Header) -> Content | None:
        if header.content is None or header.sender is None:
            return None
        return Content(UUID(header.account_id), header.sender, header.content)

    async def compose_ahead(self, chunk: Chunk) -> None:
        raise NotImplementedError  # `composes_ahead` says that it is not asked for.

    def compose(self, chunk: Chunk, recipients: list[Recipient], outlet: Outlet | None) -> list[SmsMessage]:
        self._reference = (self._reference + len(recipients)) & 0xFF
        settings = outlet.settings if isinstance(outlet, CarrierOutlet) else None
        return compose(
            chunk, recipients, settings.long_form if settings else None, self._codes, reference=self._reference,
            now=time.time(), countries=self._countries, parameters=settings.parameters if settings else (),
        )  # fmt: skip

    def message(self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, attempts: int) -> SmsMessage:
        return SmsMessage(chunk, recipient, message_id, existing, attempts)

    def restore(
        self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, outlet_id: str | None
    ) -> SmsMessage:
        message = SmsMessage(chunk, recipient, message_id, existing, 1)
        message.outlet = KnownCarrier(UUID(outlet_id)) if outlet_id else None
        try:
            parts = len(chunk.batch.content.template.encode(recipient.get("fields") or {}).bodies)
        except RenderFailed:
            parts = 1
        message.parts = message.travelling = parts
        if chunk.batch.header.lane is not Lane.BULK:
            message.note_holder(message.outlet.id if message.outlet else None)
        return message

    def schedule(self, message: Message, now: datetime) -> None:
        # A throttle passes in seconds, however often it is met. Who waits for a carrier is pulled forward.
        attempts = 0 if message.code in THROTTLED_CODES else message.attempts
        message.due_at = retry_at(now, attempts, random.random(), message.header.lane)

    # --- what is due now and then, on the upkeep's thread

    def steps(self) -> Sequence[Callable[[], object]]:
        return (
            self._look_up,
            self._pull_forward,
            self._unpark,
            self._join_parts,
            self._end_overdue,
            self._forget_old,
            self._sweep_contents,
            self._fill_in_texts,
            self._carry_out_decisions,
            self._look_for_receipts,
            self._number_networks.learn,
        )

    def _look_up(self) -> None:
        with self._database.transaction() as session:
            rows = [row for row in carrier_store.carriers(session) if row.enabled]
            rules = [row for row in carrier_store.routes(session) if row.enabled]
            costs = price_store.of_carriers(session) if any(rule.by_cost for rule in rules) else {}
            self._countries = {str(account): some for account, some in account_countries.of_all(session).items()}
        directory = (
            [(row.id, row.version) for row in rows],
            [
                (rule.id, rule.priority, rule.share, rule.lane, rule.account_id, rule.network, rule.by_cost)
                for rule in rules
            ],
            costs,
        )
        if directory == self._directory:
            return
        settings = [self._settings.of(row) for row in rows]
        now, prices = (
            time.time(),
            PriceList(Price(*owner_and_place, cost, 0.0) for owner_and_place, cost in costs.items()),
        )
        router = Router(
            (
                RouteRule(
                    rule.carrier_id, rule.prefix, str(rule.account_id) if rule.account_id else None, rule.lane,
                    rule.priority, rule.share, rule.network, rule.by_cost,
                )
                for rule in rules
            ),
            lambda carrier_id, place: prices.of_carrier(carrier_id, place, now),
        )  # fmt: skip
        self._running.call_soon_threadsafe(self._use, settings, router)
        self._directory = directory

    def _pull_forward(self) -> None:
        """A carrier came back: what waited for one need not wait on. One that is tried again needs something to try."""
        if self._carrier_is_tried.is_set():
            self._carrier_is_tried.clear()
            with self._database.transaction() as session:
                retries.pull_forward(cursor_of(session), NO_CARRIER, TRIED_WITH)
        if self._carrier_came_up.is_set():
            self._carrier_came_up.clear()
            is_more = True
            while is_more:
                with self._database.transaction() as session:
                    is_more = retries.pull_forward(cursor_of(session), NO_CARRIER)

    def _unpark(self) -> None:
        """Receipts that matched nothing are looked at again."""
        with self._database.transaction() as session:
            cursor = cursor_of(session)
            arrived = parked_receipts.take(cursor)
            if not arrived:
                return
            carriers = dict(self._carriers)
            arrived = [
                carriers[each.carrier_id].decided(each) if each.carrier_id in carriers else each for each in arrived
            ]
            recorded = self._upkeep.record(
                cursor, receipts.apply(cursor, arrived, datetime.now(UTC), self._unmatched_after)
            )
        self._upkeep.publish(recorded)

    def _join_parts(self) -> None:
        """Long messages from phones whose parts have all come, or will not."""
        with self._database.transaction() as session:
            cursor = cursor_of(session)
            recorded = self._upkeep.record(cursor, answers.take_joined(cursor))
        self._upkeep.publish(recorded)

    def _end_overdue(self) -> None:
        """A turn's worth of messages whose receipt never came."""
        now = datetime.now(UTC)
        if self._end_overdue_at is not None and now < self._end_overdue_at:
            return
        with self._database.transaction() as session:
            swept = overdue.end(cursor_of(session), now)
            recorded = self._upkeep.record(cursor_of(session), swept.events)
        self._upkeep.publish(recorded)
        for (carrier_id, state), ended in swept.ended.items():
            carrier = self._carriers.get(carrier_id) if carrier_id else None
            name = carrier.settings.name if carrier else str(carrier_id)
            log.warning("messages_without_receipt", carrier=name, state=state, messages=ended)
            figures.WITHOUT_RECEIPT.labels(name, state).inc(ended)
        self._end_overdue_at = None if swept.is_more else now + OVERDUE_EVERY

    def _sweep_contents(self) -> None:
        """A turn's worth of contents of single sends that are over."""
        now = datetime.now(UTC)
        if self._swept_at is not None and now - self._swept_at < SWEEP_EVERY:
            return
        with self._database.transaction() as session:
            is_more = contents.sweep(session, now) == contents.SWEPT_AT_ONCE
        with self._database.transaction() as session:
            own_after = contents.sweep_own(session, now, self._own_swept_to)
        self._own_swept_to = own_after or contents.FIRST
        self._swept_at = None if is_more or own_after else now

    def _fill_in_texts(self) -> None:
        """A turn's worth of messages from phones that no search finds yet."""
        now = datetime.now(UTC)
        if self._filled_at is not None and now - self._filled_at < FORGET_EVERY:
            return
        with self._database.transaction() as session:
            is_more = inbound_sms.fill_in_texts(cursor_of(session))
        self._filled_at = None if is_more else now

    def _carry_out_decisions(self) -> None:
        """A turn's worth of what waited in ranges that operators have decided on."""
        with self._database.transaction() as session:
            is_more = held_ranges.carry_out_next(session, datetime.now(UTC))
        if is_more:
            self._upkeep.wake()

    def _look_for_receipts(self) -> None:
        """Whether carriers tell in time what became of their messages, by a sample of each."""
        now = time.monotonic()
        for carrier in list(self._carriers.values()):
            if carrier.watch is None or not (message_ids := carrier.watch.due(now)):
                continue
            with self._database.transaction() as session:
                looked_at, without = receipts.without(cursor_of(session), message_ids)
            lateness = carrier.watch.lateness
            if lateness.note(looked_at, without):
                log.warning("carrier_receipts_late" if lateness.is_late else "carrier_receipts_in_time",
                            carrier=carrier.settings.name, share=lateness.share)  # fmt: skip

    def _forget_old(self) -> None:
        """Messages without an answer wait for a receipt as long as any is looked for."""
        now = datetime.now(UTC)
        if self._forgot_old_at is not None and now - self._forgot_old_at < FORGET_EVERY:
            return
        with self._database.transaction() as session:
            unknown_messages.forget_old(cursor_of(session), now - receipts.FAR)
            carrier_instances.forget_old(session)
            code_rates.forget_old(cursor_of(session), now)
            held_ranges.forget_old(session, now)
            number_networks.forget_old(session, now)
            inbound_sms.forget_old(cursor_of(session))
            inbound_parts.forget_old(cursor_of(session))
            inbound_ids.forget_old(cursor_of(session))
            last_messages.forget_old(cursor_of(session))
            stop_sayers.forget_old(cursor_of(session))
            replies.forget_old(cursor_of(session))
            conversations.forget_old(cursor_of(session))
            short_links.forget_old(cursor_of(session))
            traffic.forget_old(cursor_of(session))
            unread_deliveries.forget_old(cursor_of(session))
        self._forgot_old_at = now
