"""The carrier's SMPP side: binds, answers, and receipts after their delay."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import NamedTuple

from wici_simulators.smsc import wire
from wici_simulators.smsc.ledger import Ledger
from wici_simulators.smsc.settings import ERROR_CODES, REJECTED, STAT_WORDS, STATE_NUMBERS, Settings

_BINDS = {wire.BIND_RECEIVER: "receiver", wire.BIND_TRANSMITTER: "transmitter", wire.BIND_TRANSCEIVER: "transceiver"}
_TICK = 0.01  # seconds; receipts and delayed answers leave in one write a tick


class Waiting(NamedTuple):
    """A receipt that is due at `due`; with `said`, in UCS-2, what a phone wrote instead, which is about no message."""

    due: float
    number: int
    system_id: str
    message_id: bytes
    phone: bytes
    sender: bytes
    outcome: int
    said: bytes = b""


class Carrier:
    """State that all binds share."""

    def __init__(self, settings: Settings, password: str | None = None) -> None:
        self.settings = settings
        self.password = password
        self.ledger = Ledger()
        self.binds: set[Bind] = set()
        self.waiting: defaultdict[str, deque[Waiting]] = defaultdict(deque)  # by system id
        self._writer = wire.ReceiptWriter()
        self._seen = 0
        self.has_work = asyncio.Event()  # answers or receipts that leave later

    def throttles(self) -> bool:
        """Whether this submit_sm falls to `throttle_every`."""
        self._seen += 1
        every = self.settings.throttle_every
        return bool(every) and self._seen % every == 0

    async def run(self) -> None:
        """Send what is due, every tick while something waits, for ever."""
        while True:
            await self.has_work.wait()
            await asyncio.sleep(_TICK)
            for bind in list(self.binds):
                bind.send_delayed_answers()
            if self.waiting and self.settings.receipts:
                self._send_due(time.time())
            if not any(self.waiting.values()) and not any(bind.is_delaying for bind in self.binds):
                self.has_work.clear()

    def wait_with(self, receipt: Waiting) -> None:
        self.waiting[receipt.system_id].append(receipt)
        self.has_work.set()

    def _send_due(self, now: float) -> None:
        """Receipts go to the binds of the system that submitted, in turn, as far as their windows go."""
        window = self.settings.receipt_window
        receivers: dict[str, list[Bind]] = {}
        for bind in self.binds:
            if bind.receives:
                receivers.setdefault(bind.system_id, []).append(bind)
        for system_id, queue in self.waiting.items():
            open_binds = [bind for bind in receivers.get(system_id, ()) if len(bind.unanswered) < window]
            turn = 0
            while open_binds and queue and queue[0].due <= now:
                turn += 1
                bind = open_binds[turn % len(open_binds)]
                bind.queue_receipt(queue.popleft(), self._frame)
                if len(bind.unanswered) >= window:
                    open_binds.remove(bind)
        for bind in self.binds:
            bind.flush()

    def _frame(self, sequence: int, receipt: Waiting) -> bytes:
        if receipt.said:
            return self._writer.from_phone(sequence, receipt.phone, receipt.sender, receipt.said)
        outcome, args = receipt.outcome, (sequence, receipt.phone, receipt.sender, receipt.message_id)
        if self.settings.parameter_form(receipt.phone):
            return self._writer.parameter_form(*args, STATE_NUMBERS[outcome], ERROR_CODES[outcome])
        return self._writer.text_form(*args, STAT_WORDS[outcome], ERROR_CODES[outcome])

    def answer(self, phone: str, number: str, text: str) -> bool:
        """A phone answers to one of our numbers; False where nobody is bound who receives. Kept until acknowledged."""
        for bind in (bind for bind in self.binds if bind.receives):
            octets = text.encode("utf-16-be")
            said = Waiting(0.0, -1, bind.system_id, b"", phone.encode(), number.encode(), 0, octets)
            bind.queue_receipt(said, self._frame)
            bind.flush()
            return True
        return False

    def send_first(self, bind: Bind, receipt: Waiting) -> None:
        """The receipt leaves before the answer to its submit_sm (some carriers do that)."""
        if bind.receives:
            bind.queue_receipt(receipt, self._frame)
        else:
            self.wait_with(receipt)


class Bind(asyncio.Protocol):
    """One connection. Bytes that are no SMPP end it; a bad body is answered with its status."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._buffer = b""
        self._out: list[bytes] = []
        self._delayed: deque[tuple[float, bytes]] = deque()
        self._sequence = 0
        self._second = 0
        self._in_second = 0
        self.system_id = ""
        self.kind = ""
        self.unanswered: dict[int, Waiting] = {}

    @property
    def receives(self) -> bool:
        return self.kind in ("receiver", "transceiver")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._carrier.binds.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._carrier.binds.discard(self)
        # What was not answered is sent again to the next receiver: a carrier keeps receipts for days.
        self._carrier.waiting[self.system_id].extendleft(reversed(self.unanswered.values()))
        self.unanswered.clear()
        self._carrier.has_work.set()

    def data_received(self, chunk: bytes) -> None:
        buffer = self._buffer + chunk if self._buffer else chunk
        position, end = 0, len(buffer)
        now = time.time()
        while end - position >= 16:
            length, command, _, sequence = wire.HEADER.unpack_from(buffer, position)
            if not 16 <= length <= wire.MAX_PDU:
                self._refuse_stream(sequence)
                return
            if position + length > end:
                break
            self._handle(command, sequence, buffer[position : position + length], now)
            position += length
        self._buffer = buffer[position:]
        self.flush()

    def _refuse_stream(self, sequence: int) -> None:
        self._out.append(wire.HEADER.pack(16, wire.GENERIC_NACK, wire.BAD_COMMAND_LENGTH, sequence))
        self.flush()
        self._buffer = b""
        self._transport.close()

    def _handle(self, command: int, sequence: int, frame: bytes, now: float) -> None:
        try:
            if command == wire.SUBMIT_SM:
                self._submit(sequence, frame, now)
            elif command == wire.DELIVER_SM | wire.RESPONSE:
                self._receipt_answered(sequence, now)
            elif command in _BINDS:
                self._bind(command, sequence, frame)
            elif command == wire.ENQUIRE_LINK:
                self._out.append(wire.response(command, sequence))
            elif command == wire.UNBIND:
                self._out.append(wire.response(command, sequence))
                self.flush()
                self._transport.close()
            elif not command & wire.RESPONSE:
                self._out.append(wire.HEADER.pack(16, wire.GENERIC_NACK, wire.BAD_COMMAND, sequence))
        except wire.Malformed:
            self._out.append(wire.response(command, sequence, wire.BAD_LENGTH))

    def _bind(self, command: int, sequence: int, frame: bytes) -> None:
        system_id, password = wire.read_bind(frame)
        status = 0
        if self.kind:
            status = wire.ALREADY_BOUND
        elif self._carrier.password is not None and password != self._carrier.password:
            status = wire.INVALID_PASSWORD
        else:
            self.system_id, self.kind = system_id, _BINDS[command]
        self._out.append(
            wire.response(command, sequence, status, b"" if status else b"WICI-SMSC\0\x02\x10\x00\x01\x34")
        )

    def _submit(self, sequence: int, frame: bytes, now: float) -> None:
        settings, carrier = self._carrier.settings, self._carrier
        if self.kind not in ("transmitter", "transceiver"):
            self._out.append(wire.response(wire.SUBMIT_SM, sequence, wire.BAD_BIND_STATUS))
            return
        if self._over_rate(settings.rate, now) or carrier.throttles():
            carrier.ledger.throttled += 1
            self._out.append(wire.response(wire.SUBMIT_SM, sequence, wire.THROTTLED))
            return
        source, phone, registered = wire.read_destination(frame)
        outcome = settings.outcome(phone)
        ledger = carrier.ledger
        index, message_id = ledger.add(frame, outcome, settings.keep)
        if settings.timed and phone.startswith(b"%d" % settings.timed):
            ledger.arrivals.setdefault(phone.decode("latin-1"), now)
        ledger.first_at = ledger.first_at or now
        ledger.last_at = now
        if outcome == REJECTED:
            self._answer(wire.response(wire.SUBMIT_SM, sequence, wire.INVALID_DESTINATION), now)
            return
        receipt = Waiting(now + settings.receipt_delay, index, self.system_id, message_id, phone, source, outcome)
        if registered & 1 and settings.receipts_first:
            carrier.send_first(self, receipt)
        elif registered & 1:
            carrier.wait_with(receipt)
        self._answer(wire.response(wire.SUBMIT_SM, sequence, 0, message_id + b"\0"), now)

    def _over_rate(self, rate: int, now: float) -> bool:
        second = int(now)
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return 0 < rate < self._in_second

    def _answer(self, frame: bytes, now: float) -> None:
        if self._carrier.settings.response_delay:
            self._delayed.append((now + self._carrier.settings.response_delay, frame))
            self._carrier.has_work.set()
        else:
            self._out.append(frame)

    @property
    def is_delaying(self) -> bool:
        return bool(self._delayed)

    def send_delayed_answers(self) -> None:
        now = time.time()
        while self._delayed and self._delayed[0][0] <= now:
            self._out.append(self._delayed.popleft()[1])
        self.flush()

    def queue_receipt(self, receipt: Waiting, frame_of: Callable[[int, Waiting], bytes]) -> None:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        self.unanswered[self._sequence] = receipt
        self._out.append(frame_of(self._sequence, receipt))

    def _receipt_answered(self, sequence: int, now: float) -> None:
        receipt = self.unanswered.pop(sequence, None)
        if receipt is not None and not receipt.said:
            self._carrier.ledger.receipt_taken(receipt.number)
            self._carrier.ledger.last_receipt_at = now

    def flush(self) -> None:
        """One write for all that has gathered."""
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out.clear()
