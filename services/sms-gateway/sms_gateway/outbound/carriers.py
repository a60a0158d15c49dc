"""One carrier: its binds, what waits for them, and what its answers mean."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable

import prometheus_client

from channel.batches import Header
from channel.outlets import CHUNK, Outlet, OutletEvents
from chassis.logs import get_logger
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel, Lane, MessageState
from sms_gateway.batches import Arrived, ArrivedInbound, ArrivedUnread, Part, SmsMessage
from sms_gateway.domain.circuit import Circuit, CircuitState
from sms_gateway.domain.pace import Pace
from sms_gateway.outbound.carrier_settings import CarrierSettings
from sms_gateway.outbound.composing import NO_CARRIER
from sms_gateway.outbound.figures import Figures
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import ILL_STATUSES, MOST_ID, TEMPORARY_STATUSES, THROTTLING_STATUSES
from sms_gateway.smpp.message_ids import MessageIds
from sms_gateway.smpp.receipts import Delivered, Inbound, Receipt, seconds_under_way

LANES = CHANNELS[Channel.SMS].lanes
# Of each window, this share (at least one) is never given to bulk, so that a code finds room at once. A window of one
# cannot be shared: there a code is merely next.
PROMPT_SHARE = 10
# A part whose siblings have left is tried again by the same carrier, a second later, then two, four ... sixteen.
PART_TRIES, LAST_REST = 10, 16.0
UNUSABLE_IDS = prometheus_client.Counter(
    "wici_sms_unusable_ids_total", "Message ids of carriers that are empty or too long"
)

log = get_logger()


class CarrierOutlet(Outlet):
    """A carrier's binds as one outlet; implements `smpp.ports.Work` for them.

    :param came_up: called when the first of its binds is made, when it is well again after errors, and, with True, when
        it is only tried again.
    :param fail_over: hands a message that has not left to another carrier, under the same claim; False where there is
        none.
    """

    def __init__(
        self,
        settings: CarrierSettings,
        events: OutletEvents,
        claim_ahead: int,
        came_up: Callable[[bool], object],
        fail_over: Callable[[SmsMessage], bool],
    ) -> None:
        super().__init__(LANES, str(settings.id))
        self.settings = settings
        self.id = settings.id
        self._events = events
        self._came_up = came_up
        self._fail_over = fail_over
        # Of a rate that is set, this process has nothing until it holds a lease (`outbound.shares`).
        self.pace = Pace(0.0 if settings.rate else None)
        self.figures = Figures(settings.name)
        self.ids = MessageIds(settings.receipt_ids)
        self.circuit = Circuit()
        self._resting: list[Part] = []
        self._alarms: set[asyncio.TimerHandle] = set()
        self._wakes_at = 0.0
        self.ready: dict[Lane, deque[Part]] = {lane: deque() for lane in LANES}
        # A slow carrier claims two seconds' worth ahead, not two minutes'.
        self.ahead = min(claim_ahead, settings.rate * 2) if settings.rate else claim_ahead
        self.bulk_window = max(1, settings.window - max(1, settings.window // PROMPT_SHARE))
        self.links = [Link(each, self) for each in settings.links()]

    def __str__(self) -> str:
        return str(self.outlet_id)

    # --- Outlet, called by the loop

    @property
    def is_up(self) -> bool:
        is_bound = any(link.sends and link.is_bound for link in self.links)
        return is_bound and not self.is_closing and self.circuit.state is not CircuitState.OPEN

    def has_room(self, lane: Lane) -> bool:
        ahead = self.ahead if self.circuit.state is CircuitState.CLOSED else CHUNK
        return sum(self.claiming.values()) + self.ready_count() < ahead

    @property
    def is_busy(self) -> bool:
        """Whether it has anything to send, or had a moment ago."""
        return bool(self.under_way() or self.pace.sent_in_second(time.monotonic()))

    def may_send(self, rate: int, *, until: float) -> None:
        self.pace.allow(rate, until)
        self._fill()

    def trial_room(self) -> int | None:
        """How many messages more may be routed to it while it is tried again; None where it is well."""
        return self.circuit.room(self.under_way())

    def under_way(self) -> int:
        return sum(self.claiming.values()) + sum(self.claimed.values()) + self.waiting_count()

    def waiting_count(self) -> int:
        return sum(len(chunk.recipients) for chunks in self.waiting.values() for chunk in chunks)

    def room_for_retries(self) -> int:
        return self.ahead * 2 - self.ready_count()

    def is_idle(self) -> bool:
        return not self.ready_count()

    def hand_over(self, messages: list[SmsMessage]) -> None:
        for message in messages:
            queue = self.ready[message.chunk.batch.header.lane]
            bodies, message.bodies = message.bodies, []
            message.parts_left = message.travelling = len(bodies)
            queue.extend([Part(body, message, number) for number, body in enumerate(bodies, 1)])
        self._fill()

    def _fill(self) -> None:
        for link in self.links:
            link.fill()

    def withdraw(self, is_stopped: Callable[[Header], bool]) -> list[SmsMessage]:
        """What has left in part goes on: half a message is of no use to anybody."""
        withdrawn: set[SmsMessage] = set()
        for lane, queue in self.ready.items():
            stopped = Counter(part.message for part in queue if is_stopped(part.message.header))
            taken = {message for message, parts in stopped.items() if parts == message.travelling and message.is_unsent}
            self.ready[lane] = deque(part for part in queue if part.message not in taken)
            withdrawn |= taken
        return list(withdrawn)

    def take_back(self) -> list[SmsMessage]:
        """What has not left goes to another carrier, or waits for one. A message that has left in part keeps its place
        while the carrier may come back; where it will not, nobody knows more of it."""
        taken: dict[int, SmsMessage] = {}
        if self.is_closing:
            self._end_rest()
        for lane, queue in self.ready.items():
            left: deque[Part] = deque()
            for part in queue:
                if self.is_closing or part.message.is_unsent:
                    taken[id(part.message)] = part.message
                else:
                    left.append(part)
            self.ready[lane] = left
        now, given_back = time.time(), []
        for message in taken.values():
            if not message.is_unsent:
                message.state, message.at = MessageState.UNKNOWN, now
            elif self._fail_over(message):
                continue
            else:
                message.state, message.code = MessageState.DEFERRED, NO_CARRIER
            given_back.append(message)
        return given_back

    def start(self) -> None:
        for link in self.links:
            link.start()

    async def stop(self, patience: float) -> None:
        self.is_closing = True
        for alarm in self._alarms:
            alarm.cancel()
        await asyncio.gather(*(link.stop(patience) for link in self.links))

    def ready_count(self) -> int:
        return sum(len(queue) for queue in self.ready.values()) + len(self._resting)

    # --- Work, called by the links

    def take(self, room: int, in_flight: int) -> list[Part]:
        """Codes first, then single messages, then bulk as far as its share of the window and of the rate goes."""
        on_trial = self.circuit.room(sum(link.in_flight for link in self.links))
        if on_trial is not None:
            room = min(room, on_trial)
        now = time.monotonic() if self.pace.is_limited else 0.0
        taken: list[Part] = []
        for lane in LANES:
            queue = self.ready[lane]
            if not queue:
                continue
            space = room - len(taken)
            if lane is Lane.BULK:
                space = min(space, self.bulk_window - in_flight - len(taken))
            if now and space > 0:
                space = min(space, self.pace.room(now, is_bulk=lane is Lane.BULK) - len(taken))
            if space >= len(queue):
                taken.extend(queue)
                queue.clear()
            elif space > 0:
                taken.extend([queue.popleft() for _ in range(space)])
        if taken:
            self.pace.note_sent(now or time.monotonic(), len(taken))
            self._events.wants_claims(self)
        if now and self.ready_count() and now >= self._wakes_at:
            self._wakes_at = now + self.pace.wait()
            self._after(self._wakes_at - now, self._fill)
        return taken

    def _after(self, seconds: float, step: Callable[[], object]) -> None:
        def run() -> None:
            self._alarms.discard(alarm)
            step()

        alarm = asyncio.get_running_loop().call_later(seconds, run)
        self._alarms.add(alarm)

    def answered(self, answers: list[tuple[Part, int, str]]) -> None:
        now = time.time()
        done: list[SmsMessage] = []
        self._heed([status for _, status, _ in answers])
        for part, status, identifier in answers:
            message = part.message
            if status == 0:
                ids = message.carrier_ids
                if ids is None:
                    ids = message.carrier_ids = [""] * message.travelling
                ids[part.number - 1] = self.ids.of_answer(identifier) if self._bounded(identifier) else ""
                if message.state is None:
                    message.state = MessageState.SUBMITTED
            elif not self._refused(part, status):
                continue
            message.parts_left -= 1
            if not message.parts_left:
                message.at = now
                done.append(message)
        if done:
            self._events.settled(done)

    def _heed(self, statuses: list[int]) -> None:
        """How fast, and whether at all, it is sent to from now on."""
        accepted = statuses.count(0)
        throttled = ill = 0
        if accepted < len(statuses):
            throttled = sum(status in THROTTLING_STATUSES for status in statuses)
            ill = sum(status in ILL_STATUSES for status in statuses)
        now = time.monotonic()
        self.pace.note_answers(now, accepted=accepted, throttled=throttled)
        refused = len(statuses) - accepted - throttled - ill
        self.figures.answers(now, accepted=accepted, throttled=throttled, ill=ill, refused=refused)
        self._note_health(now, good=len(statuses) - throttled - ill, ill=ill)

    def _note_health(self, now: float, *, good: int, ill: int) -> None:
        before = self.circuit.state
        if self.circuit.note(now, good=good, ill=ill):
            log.warning("carrier_circuit_opened", carrier=self.settings.name, seconds=self.circuit.wait)
            self._after(self.circuit.wait, self._begin_trial)
            # After the answers at hand are dealt with: what waits here goes to other carriers.
            asyncio.get_running_loop().call_soon(self._events.wants_claims, self)
        elif before is not self.circuit.state:
            log.info("carrier_circuit_closed", carrier=self.settings.name)
            self._came_up(False)

    def _begin_trial(self) -> None:
        self.circuit.begin_trial()
        self._came_up(True)
        self._events.wants_claims(self)

    def _bounded(self, identifier: str) -> str:
        """The id, or nothing for one that is none: no receipt is found by it, and no index holds it."""
        if 0 < len(identifier) <= MOST_ID:
            return identifier
        UNUSABLE_IDS.inc()
        log.warning("carrier_id_unusable", carrier=self.settings.name, length=len(identifier))
        return ""

    def _refused(self, part: Part, status: int) -> bool:
        """What a refusal means. False: the message has no outcome here yet."""
        message = part.message
        code = f"0x{status:02x}"
        if status not in TEMPORARY_STATUSES:
            message.state, message.code = MessageState.REJECTED, code
            return True
        if message.travelling == 1:
            # A campaign that is throttled goes more slowly; a code has no time for that.
            is_urgent = status in ILL_STATUSES or message.header.lane is not Lane.BULK
            if is_urgent and self._fail_over(message):
                return False
            message.state, message.code = MessageState.DEFERRED, code
            return True
        # Some parts of a long message may have left: the others follow, they do not start anew.
        part.tries += 1
        if part.tries < PART_TRIES:
            self._resting.append(part)
            self._after(min(2.0 ** (part.tries - 1), LAST_REST), lambda: self._wake_up(part))
            return False
        message.state, message.code = MessageState.REJECTED, code
        return True

    def _wake_up(self, part: Part) -> None:
        if part in self._resting:
            self._resting.remove(part)
            self.ready[part.message.header.lane].append(part)
            self._fill()

    def _end_rest(self) -> None:
        for part in self._resting:
            self.ready[part.message.header.lane].append(part)
        self._resting.clear()

    def lost(self, parts: list[Part]) -> None:
        """The crash rule for what was not answered: bulk is unknown and waits for its receipt, the rest is sent
        again, by another carrier where there is one."""
        now = time.time()
        done: list[SmsMessage] = []
        moment = time.monotonic()
        self.figures.answers(moment, lost=len(parts))
        self._note_health(moment, good=0, ill=min(len(parts), 1))
        for part in parts:
            message = part.message
            lane = message.chunk.batch.header.lane
            if lane is not Lane.BULK:
                if not (message.travelling == 1 and self._fail_over(message)):
                    self.ready[lane].appendleft(part)
                continue
            message.state = MessageState.UNKNOWN
            message.parts_left -= 1
            if not message.parts_left:
                message.at = now
                done.append(message)
        if done:
            self._events.settled(done)

    def delivered(self, link: Link, delivered: list[tuple[int, Delivered]]) -> None:
        now = time.time()
        arrived: list[Arrived | ArrivedInbound | ArrivedUnread] = []
        for _, each in delivered:
            if isinstance(each, Receipt):
                if each.state is not None and self._bounded(each.carrier_message_id):
                    identifier = self.ids.of_receipt(each.carrier_message_id)
                    arrived.append(
                        Arrived(
                            self.id, identifier, each.state, each.code, each.address, now, sender=each.sender,
                            text=each.text,
                        )
                    )  # fmt: skip
            elif isinstance(each, Inbound):
                arrived.append(
                    ArrivedInbound(
                        self.id, each.source, each.destination, each.data_coding, each.esm_class, each.body, now
                    )
                )
            else:
                log.warning("delivery_not_understood", carrier=self.settings.name, reason=each.reason)
                arrived.append(ArrivedUnread(self.id, each.frame, each.reason, now))
        receipts = [each for each in arrived if isinstance(each, Arrived)]
        unread = sum(isinstance(each, ArrivedUnread) for each in arrived)
        # The first of a read stands for all: their dates are the dear part.
        under_way = seconds_under_way(receipts[0].text) if receipts else 0.0
        self.figures.receipts(time.monotonic(), [under_way] * len(receipts), unread)
        connection, sequences = link.connection, [sequence for sequence, _ in delivered]
        self._events.received(arrived, lambda: link.acknowledge(sequences, connection))

    def decided(self, receipt: Arrived) -> Arrived:
        """A parked receipt, with its id in the form that has been found out since."""
        identifier = self.ids.decided(receipt.carrier_message_id, time.time() - receipt.at)
        return receipt._replace(carrier_message_id=identifier)

    def bound(self, link: Link) -> None:
        log.info("carrier_bound", carrier=self.settings.name, kind=link.settings.kind)
        if link.sends and sum(each.sends and each.is_bound for each in self.links) == 1:
            self._came_up(False)
        self._events.wants_claims(self)

    def unbound(self, link: Link, reason: str) -> None:
        log.warning("carrier_unbound", carrier=self.settings.name, kind=link.settings.kind, reason=reason)
        self._events.wants_claims(self)
