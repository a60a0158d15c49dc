"""One SMPP connection: the bind, the window, and what the carrier sends.

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
    Command,
    Status,
)
from sms_gateway.smpp.failures import bind_refused
from sms_gateway.smpp.ports import Owner
from sms_gateway.smpp.receipts import Delivered, read_data, read_deliver

_BIND_COMMANDS = {
    "transmitter": Command.BIND_TRANSMITTER,
    "receiver": Command.BIND_RECEIVER,
    "transceiver": Command.BIND_TRANSCEIVER,
}
_SUBMIT, _SUBMIT_RESP, _DELIVER = int(Command.SUBMIT_SM), int(Command.SUBMIT_SM_RESP), int(Command.DELIVER_SM)
_DELIVER_RESP, _DATA_RESP = int(Command.DELIVER_SM_RESP), int(Command.DATA_SM_RESP)
_LAST_ANSWERS_SECONDS = 5.0  # how long the answers to what was sent are waited for, once the bind is to end


class Connection(asyncio.Protocol):
    """One connection of a `Link`: from connecting to the end. Bytes that are no SMPP end it.

    `pending` has what is unanswered by sequence number, with the moment at which it was written, oldest first.
    """

    def __init__(self, link: Owner) -> None:
        self._link = link
        self._settings = link.settings
        self._work = link.work
        self._buffer = bytearray()  # what came of a PDU that is not whole
        self._needed = HEADER_SIZE  # with so many bytes there is more to be learnt of it
        self._sequence = 0
        self._loop = asyncio.get_running_loop()
        self._bind_answer: asyncio.Future[int] = self._loop.create_future()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._heard_at = self._loop.time()
        self._is_ending = False  # nothing new is sent
        self._is_silent = False  # unbind, or its answer, was the last that is written
        self._farewell: asyncio.Task[None] | None = None
        self.pending: dict[int, tuple[Any, float]] = {}
        self._data_sequences: set[int] = set()  # of data_sm that are not answered yet
        self.bound = False

    # --- the life of a connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # Nagle holds back the small writes of a half-full window for 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, error: Exception | None) -> None:
        self.bound = False
        if self._farewell is not None:
            self._farewell.cancel()
        lost, self.pending = [part for part, _ in self.pending.values()], {}
        if lost:
            self._work.lost(lost)
        if not self._bind_answer.done():
            self._bind_answer.set_exception(error or ConnectionError("closed before the bind was answered"))
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
            raise ConnectionError(bind_refused(status))
        self.bound = True

    async def watch(self) -> None:
        """Until the connection ends: ask when it is quiet, end it when it does not answer.

        :raises TimeoutError: neither an enquire_link nor a submit_sm was answered in time.
        """
        settings = self._settings
        turn = min(settings.enquire_every, settings.response_timeout / 4)
        asked_at = self._heard_at
        while not self._closed.done():
            await asyncio.wait([self._closed], timeout=turn)
            now = self._loop.time()
            if now - self._heard_at > settings.enquire_every + settings.answer_within:
                raise TimeoutError("the carrier does not answer")
            if now - max(self._heard_at, asked_at) >= settings.enquire_every * 0.9:
                asked_at = now
                self._write(smpp.pack_header(HEADER_SIZE, Command.ENQUIRE_LINK, 0, self._next_sequence()))
            if self._is_overdue(now):
                await self._give_up_overdue(now)
                raise TimeoutError("a submit_sm was not answered")

    def _is_overdue(self, now: float) -> bool:
        _, oldest = next(iter(self.pending.values()), (None, now))
        return now - oldest >= self._settings.response_timeout

    async def _give_up_overdue(self, now: float) -> None:
        """Nobody knows what became of it. What was sent later has a moment more; then the bind is made anew, because
        a carrier that forgets answers would fill the window with what is never answered."""
        self._is_ending = True
        before = now - self._settings.response_timeout
        overdue = [number for number, (_, written) in self.pending.items() if written <= before]
        self._work.lost([self.pending.pop(number)[0] for number in overdue])
        await self.drain(min(_LAST_ANSWERS_SECONDS, self._settings.response_timeout))

    async def drain(self, patience: float) -> None:
        """Send nothing new, wait for the answers to what was sent, unbind."""
        await self._last_answers(patience)
        if self.bound:
            self._say_last(smpp.pack_header(HEADER_SIZE, Command.UNBIND, 0, self._next_sequence()))
            await asyncio.wait([self._closed], timeout=min(patience, 1.0))

    async def _last_answers(self, patience: float) -> None:
        self._is_ending = True
        end = self._loop.time() + patience
        while self.pending and self._loop.time() < end and not self._closed.done():
            await asyncio.sleep(0.01)

    async def _unbound_by_peer(self, sequence: int) -> None:
        await self._last_answers(_LAST_ANSWERS_SECONDS)
        self._say_last(smpp.pack_header(HEADER_SIZE, Command.UNBIND_RESP, 0, sequence))
        self._close()

    def _say_last(self, pdu: bytes) -> None:
        self._write(pdu)
        self._is_silent = True

    def _close(self) -> None:
        if not self._transport.is_closing():  # of TLS, what is closed twice can be neither written to nor aborted
            self._transport.close()

    def _write(self, octets: bytes) -> None:
        if not self._is_silent and not self._transport.is_closing():
            self._transport.write(octets)

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    # --- sending

    def fill(self) -> None:
        if not self.bound or self._is_ending or not self._link.sends:
            return
        room = self._settings.window - len(self.pending)
        if room <= 0:
            return
        parts = self._work.take(room, len(self.pending))
        if not parts:
            return
        sequence, pending, out, pack, now = self._sequence, self.pending, [], smpp.pack_header, self._loop.time()
        for part in parts:
            sequence = sequence % 0x7FFFFFFF + 1
            pending[sequence] = part, now
            body = part.body
            out.append(pack(HEADER_SIZE + len(body), _SUBMIT, 0, sequence))
            out.append(body)
        self._sequence = sequence
        self._write(b"".join(out))

    def acknowledge(self, sequences: Sequence[int]) -> None:
        pack = smpp.pack_header
        size = HEADER_SIZE + 1
        data = self._data_sequences.intersection(sequences)
        self._data_sequences -= data
        self._write(
            b"".join(
                [pack(size, _DATA_RESP if number in data else _DELIVER_RESP, 0, number) + b"\0" for number in sequences]
            )
        )

    # --- receiving

    def data_received(self, chunk: bytes) -> None:
        self._heard_at = self._loop.time()
        if self._buffer:
            self._buffer += chunk
        # The beginning of a PDU that comes in drops is put together, and not looked at with each of them.
        if not 0 < len(self._buffer) < self._needed:
            self._read(bytes(self._buffer) or chunk)

    def _read(self, buffer: bytes) -> None:
        """Everything that is whole in a read is taken, also where broken bytes or an unbind follow it."""
        position, end = 0, len(buffer)
        answers: list[tuple[Any, int, str]] = []
        delivered: list[tuple[int, Delivered]] = []
        unpack, pending, is_broken, needed = smpp.unpack_header, self.pending, False, HEADER_SIZE
        while end - position >= HEADER_SIZE:
            length, command, status, sequence = unpack(buffer, position)
            stop = position + length
            if not HEADER_SIZE <= length <= MAX_PDU:
                is_broken = True
                break
            if stop > end:
                needed = length
                break
            if command == _SUBMIT_RESP:
                sent = pending.pop(sequence, None)
                if sent is not None:
                    # The id is a C-octet string; what follows it, if anything, is of no use here.
                    body_start = position + HEADER_SIZE
                    cut = buffer.find(0, body_start, stop)
                    message_id = buffer[body_start : cut if cut >= 0 else stop].decode("latin-1")
                    answers.append((sent[0], status, message_id))
            elif command == Command.GENERIC_NACK and sequence in pending:
                answers.append((pending.pop(sequence)[0], status or Status.SYSTEM_ERROR, ""))
            elif command == _DELIVER:
                delivered.append((sequence, read_deliver(buffer[position:stop])))
            elif command == Command.DATA_SM:
                self._data_sequences.add(sequence)
                delivered.append((sequence, read_data(buffer[position:stop])))
            else:
                self._handle(command, status, sequence)
            position = stop
        self._buffer, self._needed = bytearray(buffer[position:]), needed
        self._is_ending = self._is_ending or is_broken
        self._report(answers, delivered)
        if is_broken:
            self._transport.abort()

    def _report(self, answers: list[tuple[Any, int, str]], delivered: list[tuple[int, Delivered]]) -> None:
        if answers:
            self._work.answered(answers)
            self.fill()
        if delivered:
            self._work.delivered(self._link, delivered)

    def _handle(self, command: int, status: int, sequence: int) -> None:
        if command == Command.ENQUIRE_LINK:
            self._write(smpp.pack_header(HEADER_SIZE, Command.ENQUIRE_LINK_RESP, 0, sequence))
        elif command == Command.UNBIND:
            self._is_ending = True
            if self._farewell is None:
                self._farewell = self._loop.create_task(self._unbound_by_peer(sequence))
        elif command == Command.UNBIND_RESP:
            self._close()
        elif command == Command.ALERT_NOTIFICATION:
            pass  # the one request without an answer (section 4.12.1)
        elif command in (_BIND_COMMANDS[self._settings.kind] | RESPONSE, Command.GENERIC_NACK):
            if not self._bind_answer.done():
                # A generic_nack accepts nothing, whatever its status.
                is_nack = command == Command.GENERIC_NACK
                self._bind_answer.set_result(status or Status.SYSTEM_ERROR if is_nack else status)
        elif not command & RESPONSE:
            self._write(smpp.pack_header(HEADER_SIZE, Command.GENERIC_NACK, Status.INVALID_COMMAND_ID, sequence))
