"""One carrier: its binds, what waits for them, and what its answers mean."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import prometheus_client

from channel.batches import Header
from channel.outlets import Outlet, OutletEvents
from chassis.logs import get_logger
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel, Lane, MessageState
from sms_gateway.batches import Arrived, Part, SmsMessage
from sms_gateway.content.parts import LongForm
from sms_gateway.outbound.composing import NO_CARRIER
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import MOST_ID, TEMPORARY_STATUSES
from sms_gateway.smpp.ports import LinkSettings
from sms_gateway.smpp.receipts import Receipt

LANES = CHANNELS[Channel.SMS].lanes
# Of each window, this share (at least one) is never given to bulk, so that a code finds room at once. A window of one
# cannot be shared: there a code is merely next.
PROMPT_SHARE = 10
PART_TRIES = 50
UNUSABLE_IDS = prometheus_client.Counter(
    "wici_sms_unusable_ids_total", "Message ids of carriers that are empty or too long"
)

log = get_logger()


@dataclass(frozen=True)
class CarrierSettings:
    """A carrier's row, with its password opened."""

    id: UUID
    name: str
    version: int
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str
    bind_mode: str
    binds: int
    window: int
    rate: int
    tls: bool
    long_form: LongForm
    receipt_ids: str

    def links(self) -> list[LinkSettings]:
        """The settings of each bind; the rate is shared between those that send."""
        kinds = {"transceiver": ["transceiver"], "transmitter": ["transmitter"]}.get(
            self.bind_mode, ["transmitter", "receiver"]
        )
        return [
            LinkSettings(
                self.host, self.port, self.system_id, self.password, kind, self.system_type, self.window,
                self.rate / self.binds, self.tls,
            )
            for _ in range(self.binds)
            for kind in kinds
        ]  # fmt: skip


class CarrierOutlet(Outlet):
    """A carrier's binds as one outlet; implements `smpp.ports.Work` for them.

    :param came_up: called when the first of its binds is made.
    """

    def __init__(
        self, settings: CarrierSettings, events: OutletEvents, claim_ahead: int, came_up: Callable[[], object]
    ) -> None:
        super().__init__(LANES, str(settings.id))
        self.settings = settings
        self.id = settings.id
        self._events = events
        self._came_up = came_up
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
        return not self.is_closing and any(link.sends and link.is_bound for link in self.links)

    def has_room(self, lane: Lane) -> bool:
        return sum(self.claiming.values()) + self.ready_count() < self.ahead

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
        """What has not left waits for another carrier. A message that has left in part keeps its place while the
        carrier may come back; where it will not, nobody knows more of it."""
        taken: dict[int, SmsMessage] = {}
        for lane, queue in self.ready.items():
            left: deque[Part] = deque()
            for part in queue:
                if self.is_closing or part.message.is_unsent:
                    taken[id(part.message)] = part.message
                else:
                    left.append(part)
            self.ready[lane] = left
        now = time.time()
        for message in taken.values():
            if message.is_unsent:
                message.state, message.code = MessageState.DEFERRED, NO_CARRIER
            else:
                message.state, message.at = MessageState.UNKNOWN, now
        return list(taken.values())

    def start(self) -> None:
        for link in self.links:
            link.start()

    async def stop(self, patience: float) -> None:
        self.is_closing = True
        for link in self.links:
            await link.stop(patience)

    def ready_count(self) -> int:
        return sum(len(queue) for queue in self.ready.values())

    # --- Work, called by the links

    def take(self, room: int, in_flight: int) -> list[Part]:
        """Codes first, then single messages, then bulk as far as its share of the window goes."""
        taken: list[Part] = []
        for lane in LANES:
            queue = self.ready[lane]
            if not queue:
                continue
            space = room - len(taken)
            if lane is Lane.BULK:
                space = min(space, self.bulk_window - in_flight - len(taken))
            if space >= len(queue):
                taken.extend(queue)
                queue.clear()
            elif space > 0:
                taken.extend([queue.popleft() for _ in range(space)])
        if taken:
            self._events.wants_claims(self)
        return taken

    def answered(self, answers: list[tuple[Part, int, str]]) -> None:
        now = time.time()
        done: list[SmsMessage] = []
        for part, status, identifier in answers:
            message = part.message
            if status == 0:
                ids = message.carrier_ids
                if ids is None:
                    ids = message.carrier_ids = [""] * message.travelling
                ids[part.number - 1] = self._bounded(identifier)
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

    def _bounded(self, identifier: str) -> str:
        """The id, or nothing for one that is none: no receipt is found by it, and no index holds it."""
        if 0 < len(identifier) <= MOST_ID:
            return identifier
        UNUSABLE_IDS.inc()
        log.warning("carrier_id_unusable", carrier=self.settings.name, length=len(identifier))
        return ""

    def _refused(self, part: Part, status: int) -> bool:
        """What a refusal means. False: the part goes back into the queue and is not answered yet."""
        message = part.message
        code = f"0x{status:02x}"
        if status not in TEMPORARY_STATUSES:
            message.state, message.code = MessageState.REJECTED, code
            return True
        if message.travelling == 1:
            message.state, message.code = MessageState.DEFERRED, code
            return True
        # Some parts of a long message may have left: the others follow, they do not start anew.
        part.tries += 1
        if part.tries < PART_TRIES:
            self.ready[message.chunk.batch.header.lane].appendleft(part)
            return False
        message.state, message.code = MessageState.REJECTED, code
        return True

    def lost(self, parts: list[Part]) -> None:
        """The crash rule for a lost connection: bulk is unknown and waits for its receipt, the rest is sent again."""
        now = time.time()
        done: list[SmsMessage] = []
        for part in parts:
            message = part.message
            lane = message.chunk.batch.header.lane
            if lane is not Lane.BULK:
                self.ready[lane].appendleft(part)
                continue
            message.state = MessageState.UNKNOWN
            message.parts_left -= 1
            if not message.parts_left:
                message.at = now
                done.append(message)
        if done:
            self._events.settled(done)

    def receipts(self, link: Link, receipts: list[tuple[int, Receipt]]) -> None:
        now = time.time()
        translate = _ID_FORMS[self.settings.receipt_ids]
        arrived = [
            Arrived(
                self.id,
                translate(each.carrier_message_id),
                each.state,
                each.code,
                each.address,
                now,
                sender=each.sender,
                text=each.text,
            )
            for _, each in receipts
            if each.state is not None and self._bounded(each.carrier_message_id)
        ]
        connection, sequences = link.connection, [sequence for sequence, _ in receipts]
        self._events.received(arrived, lambda: link.acknowledge(sequences, connection))

    def bound(self, link: Link) -> None:
        log.info("carrier_bound", carrier=self.settings.name, kind=link.settings.kind)
        if link.sends and sum(each.sends and each.is_bound for each in self.links) == 1:
            self._came_up()
        self._events.wants_claims(self)

    def unbound(self, link: Link, reason: str) -> None:
        log.warning("carrier_unbound", carrier=self.settings.name, kind=link.settings.kind, reason=reason)
        self._events.wants_claims(self)


def _hex_to_decimal(identifier: str) -> str:
    try:
        return str(int(identifier, 16))
    except ValueError:
        return identifier


def _decimal_to_hex(identifier: str) -> str:
    return f"{int(identifier):X}" if identifier.isdecimal() else identifier


# SMPP 3.4 leaves the form of the id in a receipt open; some carriers answer in hex and report in decimal.
_ID_FORMS: dict[str, Any] = {
    "same": lambda identifier: identifier,
    "hex_to_decimal": _hex_to_decimal,
    "decimal_to_hex": _decimal_to_hex,
}
