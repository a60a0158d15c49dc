"""One carrier: its binds, what waits for them, and what its answers mean."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from channel.batches import Header
from channel.outlets import CHUNK, Outlet, OutletEvents
from chassis.logs import get_logger
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import UNANSWERED_TRIES, Arrived, Part, SmsMessage
from sms_gateway.domain.circuit import Circuit, CircuitState
from sms_gateway.domain.pace import Pace
from sms_gateway.http_api.client import HttpLink
from sms_gateway.outbound import arrivals
from sms_gateway.outbound.alarms import Alarms
from sms_gateway.outbound.carrier_settings import CarrierSettings
from sms_gateway.outbound.composing import NO_CARRIER, is_too_late
from sms_gateway.outbound.figures import Answers, Figures
from sms_gateway.outbound.queues import LANES, PartQueues
from sms_gateway.outbound.receipt_watch import ReceiptWatch
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import ILL_CODES, TEMPORARY_STATUSES, code_of
from sms_gateway.smpp.message_ids import MessageIds
from sms_gateway.smpp.receipts import Delivered

# Of each window, this share (at least one) is never given to bulk, so that a code finds room at once. A window of one
# cannot be shared: there a code is merely next.
PROMPT_SHARE = 10
# A part whose siblings have left is tried again by the same carrier, a second later, then two, four ... sixteen.
PART_TRIES, LAST_REST = 10, 16.0
# A code that an HTTP carrier may have taken is sent to it once more, so many seconds later, and then not again.
DOUBT_REST = 3.0

log = get_logger()


class CarrierOutlet(Outlet):
    """A carrier's binds as one outlet; implements `smpp.ports.Work` for them. One that is reached by HTTP has one link.

    :param came_up: called when the first of its binds is made, when it is well again after errors, and, with True, when
        it is only tried again.
    :param fail_over: hands messages of the outlet that have not left to other carriers, under the same claims; returns
        those that none takes.
    """

    def __init__(
        self,
        settings: CarrierSettings,
        events: OutletEvents,
        claim_ahead: int,
        came_up: Callable[[bool], object],
        fail_over: Callable[[CarrierOutlet, Sequence[SmsMessage]], list[SmsMessage]],
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
        self.watch = ReceiptWatch(settings.receipts_within) if settings.receipts_within else None
        self.queues = PartQueues()
        self._alarms = Alarms()
        self._wakes_at = 0.0
        # A slow carrier claims two seconds' worth ahead, not two minutes'.
        self.ahead = min(claim_ahead, settings.rate * 2) if settings.rate else claim_ahead
        self.bulk_window = max(1, settings.window - max(1, settings.window // PROMPT_SHARE))
        self.links = settings.links(self)

    def __str__(self) -> str:
        return str(self.outlet_id)

    @property
    def name(self) -> str:
        """What operators call the carrier."""
        return self.settings.name

    # --- Outlet, called by the loop

    @property
    def is_up(self) -> bool:
        is_bound = any(link.sends and link.is_bound for link in self.links)
        return is_bound and not self.is_closing and self.circuit.state is not CircuitState.OPEN

    def has_room(self, lane: Lane) -> bool:
        ahead = self.ahead if self.circuit.state is CircuitState.CLOSED else CHUNK
        return sum(self.claiming.values()) + len(self.queues) < ahead

    @property
    def is_busy(self) -> bool:
        """Whether it has anything to send, or had a moment ago."""
        return bool(self.under_way() or self.pace.sent_in_second(time.monotonic()))

    def may_send(self, rate: int, *, until: float) -> None:
        self.pace.allow(rate, until)
        self._fill()

    @property
    def is_late(self) -> bool:
        """Whether its receipts do not come in time: then others take most of its traffic."""
        return self.watch is not None and self.watch.lateness.is_late

    def is_its_turn(self) -> bool:
        """Of one whose receipts are late: whether it takes the next message all the same."""
        return self.watch is None or self.watch.lateness.is_its_turn()

    def trial_room(self) -> int | None:
        """How many messages more may be routed to it while it is tried again; None where it is well."""
        return self.circuit.room(self.under_way())

    def under_way(self) -> int:
        return sum(self.claiming.values()) + sum(self.claimed.values()) + self.waiting_count()

    def waiting_count(self) -> int:
        return sum(len(chunk.recipients) for chunks in self.waiting.values() for chunk in chunks)

    def room_for_retries(self) -> int:
        return self.ahead * 2 - len(self.queues)

    def is_idle(self) -> bool:
        return not self.queues

    def hand_over(self, messages: list[SmsMessage]) -> None:
        self.queues.put(messages)
        self._fill()

    def _fill(self) -> None:
        for link in self.links:
            link.fill()

    def withdraw(self, is_stopped: Callable[[Header], bool]) -> list[SmsMessage]:
        return self.queues.withdraw(is_stopped)

    def take_back(self) -> list[SmsMessage]:
        """What has not left goes to another carrier, or waits for one. A message that has left in part keeps its place
        while the carrier may come back; where it will not, nobody knows more of it."""
        now, taken = time.time(), self.queues.take_messages(also_begun=self.is_closing)
        moved = self._moved([message for message in taken if message.is_unsent])
        given_back = [message for message in taken if message not in moved]
        for message in given_back:
            if message.is_unsent:
                message.state, message.code = MessageState.DEFERRED, NO_CARRIER
            else:
                message.state, message.at = MessageState.UNKNOWN, now
        return given_back

    def _moved(self, messages: Sequence[SmsMessage]) -> set[SmsMessage]:
        """Those of the messages that other carriers have taken over."""
        return set(messages).difference(self._fail_over(self, messages)) if messages else set()

    def start(self) -> None:
        for link in self.links:
            link.start()

    async def stop(self, patience: float) -> None:
        self.is_closing = True
        self._alarms.cancel()
        await asyncio.gather(*(link.stop(patience) for link in self.links))

    # --- Work, called by the links

    def take(self, room: int, in_flight: int) -> list[Part]:
        """Codes first, then single messages, then bulk as far as its share of the window and of the rate goes."""
        on_trial = self.circuit.room(sum(link.in_flight for link in self.links))
        if on_trial is not None:
            room = min(room, on_trial)
        now = time.monotonic() if self.pace.is_limited else 0.0
        taken: list[Part] = []
        for lane in LANES:
            if not self.queues.ready[lane]:
                continue
            space = room - len(taken)
            if lane is Lane.BULK:
                space = min(space, self.bulk_window - in_flight - len(taken))
            if now and space > 0:
                space = min(space, self.pace.room(now, is_bulk=lane is Lane.BULK) - len(taken))
            if space > 0:
                taken += self.queues.take(lane, space)
        if taken:
            self.pace.note_sent(now or time.monotonic(), len(taken))
            self._events.wants_claims(self)
        if now and self.queues and now >= self._wakes_at:
            self._wakes_at = now + self.pace.wait()
            self._alarms.after(self._wakes_at - now, self._fill)
        return taken

    def answered(self, answers: list[tuple[Part, int, str]]) -> None:
        now = time.time()
        done: list[SmsMessage] = []
        if (meant := self.settings.errors) and any(status for _, status, _ in answers):
            answers = [(part, status and meant.get(status, status), identifier) for part, status, identifier in answers]
        self._heed([status for _, status, _ in answers])
        for part, status, identifier in answers:
            message = part.message
            if status == 0:
                ids = message.carrier_ids
                if ids is None:
                    ids = message.carrier_ids = [""] * message.travelling
                if arrivals.usable(identifier, self.id):
                    ids[part.number - 1] = self.ids.of_answer(identifier, message.recipient["address"])
                if message.state is None:
                    message.state = MessageState.SUBMITTED
            elif not self._refused(part, status):
                continue
            message.parts_left -= 1
            if not message.parts_left:
                message.at = now
                done.append(message)
        if self.watch is not None:
            self._watch(done)
        self._settle(done)

    def _watch(self, done: Sequence[SmsMessage]) -> None:
        taken = next((each for each in done if each.state is MessageState.SUBMITTED), None)
        if taken is not None and self.watch is not None:
            self.watch.note_taken(time.monotonic(), taken.message_id)

    def _settle(self, done: list[SmsMessage]) -> None:
        # A campaign that is throttled goes more slowly; a code has no time for that.
        deferred = [each for each in done if each.state is MessageState.DEFERRED]
        moved = self._moved([each for each in deferred if each.code in ILL_CODES or each.header.lane is not Lane.BULK])
        if moved:
            done = [message for message in done if message not in moved]
        for message in done:
            if message.is_doubtful and message.state is MessageState.DEFERRED:
                message.state, message.code = MessageState.UNKNOWN, None
        if done:
            self._events.settled(done)

    def _heed(self, statuses: list[int]) -> None:
        """How fast, and whether at all, it is sent to from now on."""
        now, answers = time.monotonic(), Answers.of(statuses)
        self.pace.note_answers(now, accepted=answers.accepted, throttled=answers.throttled)
        self.figures.answers(now, **answers._asdict())
        self._note_health(now, good=answers.accepted + answers.refused, ill=answers.ill)

    def _note_health(self, now: float, *, good: int, ill: int) -> None:
        before = self.circuit.state
        if self.circuit.note(now, good=good, ill=ill):
            log.warning("carrier_circuit_opened", carrier=self.settings.name, seconds=self.circuit.wait)
            self._alarms.after(self.circuit.wait, self._begin_trial)
            # After the answers at hand are dealt with: what waits here goes to other carriers.
            asyncio.get_running_loop().call_soon(self._events.wants_claims, self)
        elif before is not self.circuit.state:
            log.info("carrier_circuit_closed", carrier=self.settings.name)
            self._came_up(False)

    def _begin_trial(self) -> None:
        """What has left in part is here still, and goes first."""
        self.circuit.begin_trial()
        self._came_up(True)
        self._events.wants_claims(self)
        self._fill()

    def _refused(self, part: Part, status: int) -> bool:
        """What a refusal means. False: the message has no outcome here yet."""
        message = part.message
        code = code_of(status)
        if status not in TEMPORARY_STATUSES:
            message.end_refused(code)
            return True
        if message.travelling == 1:
            message.state, message.code = MessageState.DEFERRED, code
            return True
        # Some parts of a long message may have left: the others follow, they do not start anew.
        part.tries += 1
        if part.tries < PART_TRIES:
            self.queues.rest(part)
            self._alarms.after(min(2.0 ** (part.tries - 1), LAST_REST), lambda: self._wake_up(part))
            return False
        message.end_refused(code)
        return True

    def _wake_up(self, part: Part) -> None:
        """Where the carrier is not up any more, its message may be here as a whole by now, and go elsewhere."""
        if self.queues.wake_up(part):
            self._fill()
            if not self.is_up:
                self._events.wants_claims(self)

    def lost(self, parts: list[Part]) -> None:
        """The crash rule for what was not answered: bulk is unknown and waits for its receipt, the rest is sent
        again, by another carrier where there is one, and in the end is unknown too. By HTTP no connection ends with it:
        there it rests, and is sent once more."""
        moment = time.monotonic()
        self.figures.answers(moment, lost=len(parts))
        self._note_health(moment, good=0, ill=min(len(parts), 1))
        prompt = [part for part in parts if part.message.header.lane is not Lane.BULK]
        self._end_unknown([part for part in parts if part.message.header.lane is Lane.BULK])
        worth_it = self._give_up(prompt)
        moved = self._moved([part.message for part in worth_it if part.message.travelling == 1])
        again = [part for part in worth_it if part.message not in moved]
        if self.settings.http is not None:
            self._repeat(again)
        else:
            for part in reversed(again):
                self.queues.put_first(part)
        if prompt:
            self._fill()

    def _give_up(self, parts: Sequence[Part]) -> list[Part]:
        """Those that have left too often, or are of no use any more, are unknown; returns the others."""
        given_up, others, now = list[Part](), list[Part](), time.time()
        for part in parts:
            part.unanswered += 1
            part.message.note_unanswered(part.unanswered, self.id, self.settings.name)
            is_over = part.unanswered >= UNANSWERED_TRIES or is_too_late(part.message.chunk, now)
            (given_up if is_over else others).append(part)
        if given_up:
            log.warning("unanswered_given_up", carrier=self.settings.name, parts=len(given_up))
            self._end_unknown(given_up)
        return others

    def _repeat(self, parts: Sequence[Part]) -> None:
        self._end_unknown([part for part in parts if part.tries])
        for part in parts:
            if not part.tries:
                part.tries, part.message.is_doubtful = 1, True
                self.queues.rest(part)
                self._alarms.after(DOUBT_REST, partial(self._repeat_now, part))

    def _repeat_now(self, part: Part) -> None:
        """Unless it is of no use any more, another carrier takes it, or it would have to wait."""
        if not self.queues.end_rest(part):
            return
        is_late = is_too_late(part.message.chunk, time.time())
        if not is_late and self._moved([part.message]):
            return
        if is_late or not self.is_up:
            self._end_unknown([part])
        else:
            self.queues.put_first(part)
            self._fill()

    def _end_unknown(self, parts: Sequence[Part]) -> None:
        now, done = time.time(), []
        for part in parts:
            message = part.message
            message.state = MessageState.UNKNOWN
            message.parts_left -= 1
            if not message.parts_left:
                message.at = now
                done.append(message)
        if done:
            self._events.settled(done)

    def delivered(self, link: Link | HttpLink, delivered: list[tuple[int, Delivered]]) -> None:
        passed_on = self.settings.passed_on
        arrived = arrivals.read([each for _, each in delivered], self.id, self.ids, time.time(), passed_on)
        arrivals.count(arrived, self.figures)
        connection, sequences = link.connection, [sequence for sequence, _ in delivered]
        self._events.received(arrived, lambda: link.acknowledge(sequences, connection))

    def decided(self, receipt: Arrived) -> Arrived:
        """A parked receipt, with its id in the form that has been found out since."""
        identifier = self.ids.decided(receipt.carrier_message_id, time.time() - receipt.at)
        return receipt._replace(carrier_message_id=identifier)

    def bound(self, link: Link | HttpLink) -> None:
        log.info("carrier_bound", carrier=self.settings.name, kind=link.settings.kind)
        if link.sends and sum(each.sends and each.is_bound for each in self.links) == 1:
            self._came_up(False)
        self._events.wants_claims(self)

    def unbound(self, link: Link | HttpLink, reason: str) -> None:
        log.warning("carrier_unbound", carrier=self.settings.name, kind=link.settings.kind, reason=reason)
        self._events.wants_claims(self)
