"""One carrier as the connector sees it: its binds, what waits for them, and what its answers mean."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from prometheus_client import Counter

from chassis.logs import get_logger
from contracts.vocabulary import Lane, MessageState
from sms_gateway.smpp.client import Link, LinkSettings
from sms_gateway.smpp.constants import MOST_ID, TEMPORARY_STATUSES
from sms_gateway.smpp.parts import LongForm
from sms_gateway.smpp.receipts import Receipt
from sms_gateway.store.receipts import Arrived
from sms_gateway.work import Chunk, Message, Part

LANES = (Lane.OTP, Lane.TRANSACTIONAL, Lane.BULK)
# Of each window, this share (at least one) is never given to bulk, so that a code finds room at once. A window of one
# cannot be shared: there a code is merely next.
PROMPT_SHARE = 10
PART_TRIES = 50
UNUSABLE_IDS = Counter("wici_sms_unusable_ids_total", "Message ids of carriers that are empty or too long")

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


class Desk(Protocol):
    """What a carrier hands its news to (the engine)."""

    def settled(self, messages: list[Message]) -> None: ...

    def received(self, carrier: CarrierWork, link: Link, sequences: list[int], receipts: list[Arrived]) -> None: ...

    def wants_claims(self, carrier: CarrierWork) -> None: ...

    def came_up(self, carrier: CarrierWork) -> None: ...


class CarrierWork:
    """Implements `smpp.client.Work` for the links of one carrier."""

    def __init__(self, settings: CarrierSettings, desk: Desk, claim_ahead: int) -> None:
        self.settings = settings
        self.id = settings.id
        self._text_id = str(settings.id)
        self._desk = desk
        self.waiting: dict[Lane, deque[Chunk]] = {lane: deque() for lane in LANES}
        self.ready: dict[Lane, deque[Part]] = {lane: deque() for lane in LANES}
        self.claiming = 0
        # A slow carrier claims two seconds' worth ahead, not two minutes'.
        self.ahead = min(claim_ahead, settings.rate * 2) if settings.rate else claim_ahead
        self.bulk_window = max(1, settings.window - max(1, settings.window // PROMPT_SHARE))
        self.links = [Link(each, self) for each in settings.links()]
        self.closing = False

    def __str__(self) -> str:
        return self._text_id

    @property
    def is_up(self) -> bool:
        return not self.closing and any(link.sends and link.is_bound for link in self.links)

    def start(self) -> None:
        for link in self.links:
            link.start()

    async def stop(self, patience: float) -> None:
        self.closing = True
        for link in self.links:
            await link.stop(patience)

    def fill(self) -> None:
        for link in self.links:
            link.fill()

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
            self._desk.wants_claims(self)
        return taken

    def answered(self, answers: list[tuple[Part, int, str]]) -> None:
        now = time.time()
        done: list[Message] = []
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
                message.submitted_at = now
                done.append(message)
        if done:
            self._desk.settled(done)

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
        done: list[Message] = []
        for part in parts:
            message = part.message
            lane = message.chunk.batch.header.lane
            if lane is not Lane.BULK:
                self.ready[lane].appendleft(part)
                continue
            message.state = MessageState.UNKNOWN
            message.parts_left -= 1
            if not message.parts_left:
                message.submitted_at = now
                done.append(message)
        if done:
            self._desk.settled(done)

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
        self._desk.received(self, link, [sequence for sequence, _ in receipts], arrived)

    def bound(self, link: Link) -> None:
        log.info("carrier_bound", carrier=self.settings.name, kind=link.settings.kind)
        if link.sends and sum(each.sends and each.is_bound for each in self.links) == 1:
            self._desk.came_up(self)
        self._desk.wants_claims(self)

    def unbound(self, link: Link, reason: str) -> None:
        log.warning("carrier_unbound", carrier=self.settings.name, kind=link.settings.kind, reason=reason)
        self._desk.wants_claims(self)


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
