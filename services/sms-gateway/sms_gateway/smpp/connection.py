"""One SMPP connection: the bind, the window, pacing, and what the carrier sends.

Written flat where a campaign passes through: one loop over a read's PDUs, one write for all that may leave.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import (
    HEADER_SIZE,
    INTERFACE_VERSION,
    MAX_PDU,
    RESPONSE,
    THROTTLING_STATUSES,
    Command,
    Status,
)
from sms_gateway.smpp.ports import Owner
from sms_gateway.smpp.receipts import Inbound, Receipt, read_deliver

_BIND_COMMANDS = {
    "transmitter": Command.BIND_TRANSMITTER,
    "receiver": Command.BIND_RECEIVER,
    "transceiver": Command.BIND_TRANSCEIVER,
}
_SUBMIT, _SUBMIT_RESP, _DELIVER = int(Command.SUBMIT_SM), int(Command.SUBMIT_SM_RESP), int(Command.DELIVER_SM)
_DELIVER_RESP = int(Command.DELIVER_SM_RESP)
_FIRST_PAUSE, _LAST_PAUSE = 0.5, 10.0
_BURST = 0.1  # seconds of the rate that may leave at once


class Connection(asyncio.Protocol):
    """One connection of a `Link`: from connecting to the end. Bytes that are no SMPP end it."""

    def __init__(self, link: Owner) -> None:
        self._link = link
        self._settings = link.settings
        self._work = link.work
        self._buffer = b""
        self._sequence = 0
        self._loop = asyncio.get_running_loop()
        self._bind_answer: asyncio.Future[int] = self._loop.create_future()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._heard_at = self._loop.time()
        self._tokens, self._tokens_at = 0.0, self._loop.time()
        self._pause, self._paused_until = _FIRST_PAUSE, 0.0
        self._wake: asyncio.TimerHandle | None = None
        self._draining = False
        self.pending: dict[int, Any] = {}
        self.bound = False

    # --- the life of a connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # Nagle holds back the small writes of a half-full window for 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, error: Exception | None) -> None:
        self.bound = False
        if self._wake is not None:
            self._wake.cancel()
        lost, self.pending = list(self.pending.values()), {}
        if lost:
            self._work.lost(lost)
        if not self._bind_answer.done():
            self._bind_answer.set_exception(ConnectionError("closed before the bind was answered"))
        if not self._closed.done():
            self._closed.set_result(None)

    def abort(self) -> None:
        self._transport.abort()
        if self._bind_answer.done() and not self._bind_answer.cancelled():
            self._bind_answer.exception()  # seen; asyncio need not warn of it

    async def bind(self) -> None:
        settings = self._settings
        command = _BIND_COMMANDS[settings.kind]
        fields: dict[str, smpp.Value] = {
            "system_id": settings.system_id,
            "password": settings.password,
            "system_type": settings.system_type,
            "interface_version": INTERFACE_VERSION,
        }
        self._transport.write(smpp.encode(smpp.Pdu(command, self._next_sequence(), 0, fields)))
        status = await self._bind_answer
        if status != Status.OK:
            raise ConnectionError(f"bind refused with status {status:#04x}")
        self.bound = True

    async def watch(self) -> None:
        """Until the connection ends: ask when it is quiet, end it when it does not answer."""
        settings = self._settings
        while not self._closed.done():
            await asyncio.wait([self._closed], timeout=settings.enquire_every)
            quiet = self._loop.time() - self._heard_at
            if quiet > settings.enquire_every + settings.answer_within:
                raise TimeoutError("the carrier does not answer")
            if quiet >= settings.enquire_every * 0.9 and not self._closed.done():
                self._transport.write(smpp.pack_header(HEADER_SIZE, Command.ENQUIRE_LINK, 0, self._next_sequence()))

    async def drain(self, patience: float) -> None:
        self._draining = True
        end = self._loop.time() + patience
        while self.pending and self._loop.time() < end and not self._closed.done():
            await asyncio.sleep(0.01)
        if self.bound:
            self._transport.write(smpp.pack_header(HEADER_SIZE, Command.UNBIND, 0, self._next_sequence()))
            await asyncio.wait([self._closed], timeout=min(patience, 1.0))

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    # --- sending

    def fill(self) -> None:
        if not self.bound or self._draining or not self._link.sends:
            return
        room = self._settings.window - len(self.pending)
        now = self._loop.time()
        if self._paused_until > now:
            self._wake_in(self._paused_until - now)
            return
        if self._settings.rate:
            room = min(room, self._allowance(now))
            if room <= 0 < self._settings.window - len(self.pending):
                self._wake_in(1 / self._settings.rate)
        if room <= 0:
            return
        parts = self._work.take(room, len(self.pending))
        if not parts:
            return
        if self._settings.rate:
            self._tokens -= len(parts)
        sequence, pending, out, pack = self._sequence, self.pending, [], smpp.pack_header
        for part in parts:
            sequence = sequence % 0x7FFFFFFF + 1
            pending[sequence] = part
            body = part.body
            out.append(pack(HEADER_SIZE + len(body), _SUBMIT, 0, sequence))
            out.append(body)
        self._sequence = sequence
        self._transport.write(b"".join(out))

    def _allowance(self, now: float) -> int:
        rate = self._settings.rate
        self._tokens = min(self._tokens + (now - self._tokens_at) * rate, max(1.0, rate * _BURST))
        self._tokens_at = now
        return int(self._tokens)

    def _wake_in(self, seconds: float) -> None:
        if self._wake is None or self._wake.cancelled() or self._wake.when() <= self._loop.time():
            self._wake = self._loop.call_later(seconds, self.fill)

    def acknowledge(self, sequences: Sequence[int]) -> None:
        pack = smpp.pack_header
        size = HEADER_SIZE + 1
        self._transport.write(b"".join([pack(size, _DELIVER_RESP, 0, number) + b"\0" for number in sequences]))

    # --- receiving

    def data_received(self, chunk: bytes) -> None:
        buffer = self._buffer + chunk if self._buffer else chunk
        self._heard_at = self._loop.time()
        position, end = 0, len(buffer)
        answers: list[tuple[Any, int, str]] = []
        receipts: list[tuple[int, Receipt]] = []
        unpack, pending = smpp.unpack_header, self.pending
        while end - position >= HEADER_SIZE:
            length, command, status, sequence = unpack(buffer, position)
            stop = position + length
            if stop > end:
                if length > MAX_PDU:
                    self._transport.abort()
                    return
                break
            if command == _SUBMIT_RESP and length >= HEADER_SIZE:
                part = pending.pop(sequence, None)
                if part is not None:
                    # The id is a C-octet string; what follows it, if anything, is of no use here.
                    body_start = position + HEADER_SIZE
                    cut = buffer.find(0, body_start, stop)
                    message_id = buffer[body_start : cut if cut >= 0 else stop].decode("latin-1")
                    answers.append((part, status, message_id))
            elif length < HEADER_SIZE:
                self._transport.abort()
                return
            else:
                self._handle(command, status, sequence, buffer[position:stop], receipts)
            position = stop
        self._buffer = buffer[position:]
        self._report(answers, receipts)

    def _report(self, answers: list[tuple[Any, int, str]], receipts: list[tuple[int, Receipt]]) -> None:
        if answers:
            self._heed_throttling(answers)
            self._work.answered(answers)
            self.fill()
        if receipts:
            self._work.receipts(self._link, receipts)

    def _heed_throttling(self, answers: list[tuple[Any, int, str]]) -> None:
        if any(status in THROTTLING_STATUSES for _, status, _ in answers):
            now = self._loop.time()
            if now >= self._paused_until:
                self._paused_until = now + self._pause
                self._pause = min(self._pause * 2, _LAST_PAUSE)
        elif self._pause > _FIRST_PAUSE and self._loop.time() > self._paused_until + self._pause:
            self._pause = _FIRST_PAUSE

    def _handle(
        self, command: int, status: int, sequence: int, frame: bytes, receipts: list[tuple[int, Receipt]]
    ) -> None:
        if command == _DELIVER:
            self._deliver(sequence, frame, receipts)
        elif command == Command.ENQUIRE_LINK:
            self._transport.write(smpp.pack_header(HEADER_SIZE, Command.ENQUIRE_LINK_RESP, 0, sequence))
        elif command == Command.UNBIND:
            self._transport.write(smpp.pack_header(HEADER_SIZE, Command.UNBIND_RESP, 0, sequence))
            self._transport.close()
        elif command == Command.UNBIND_RESP:
            self._transport.close()
        elif command == Command.GENERIC_NACK and sequence in self.pending:
            self._report([(self.pending.pop(sequence), status or Status.SYSTEM_ERROR, "")], [])
        elif command in (_BIND_COMMANDS[self._settings.kind] | RESPONSE, Command.GENERIC_NACK):
            if not self._bind_answer.done():
                self._bind_answer.set_result(status)
        elif not command & RESPONSE:
            self._transport.write(
                smpp.pack_header(HEADER_SIZE, Command.GENERIC_NACK, Status.INVALID_COMMAND_ID, sequence)
            )

    def _deliver(self, sequence: int, frame: bytes, receipts: list[tuple[int, Receipt]]) -> None:
        try:
            read = read_deliver(frame)
        except smpp.PduError as error:
            self._answer_deliver(sequence, error.status)
            return
        if isinstance(read, Inbound):
            # Nothing stores answers from phones yet: the carrier keeps them and tries again.
            self._answer_deliver(sequence, Status.RECEIVER_TEMPORARY_ERROR)
            return
        receipts.append((sequence, read))

    def _answer_deliver(self, sequence: int, status: int) -> None:
        self._transport.write(smpp.pack_header(HEADER_SIZE + 1, _DELIVER_RESP, status, sequence) + b"\0")
