"""One partner's connection: framing, states, timers and windows (SMPP 3.4 sections 2.2, 2.7 and 2.9).

All of it runs on the loop. What a peer sends is bounded before it is looked at: the length of a PDU, the requests that
may be unanswered, and what may lie in our buffers while the peer does not read.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.ids import new_id
from sms_gateway.domain.smpp_partners import SmppPartner, network_of
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import HEADER_SIZE, MAX_PDU, RESPONSE, Command, Status, Tag
from sms_gateway.smpp.pdu import PduError
from sms_gateway.smpp_server.ports import Host

MOST_BEFORE_BIND = 512  # octets of a PDU: a bind with every field full has 135
MOST_BEHIND_BIND = 64 * 1024  # octets that are read before the bind is answered
WRITE_HIGH, WRITE_LOW = 256 * 1024, 64 * 1024  # octets that the peer has not read: then we read no more of its own
MOST_FAULTS = 100  # PDUs in a row that are none
ENDING_SECONDS = 5.0  # until what the peer does not read at the end is dropped
DELIVERY_WINDOW = 10  # deliver_sm that may be unanswered
ANSWERING_SECONDS = 12.0  # for the last answers: who gets none of a message that is stored sends it again
_LAST_ANSWERS_SECONDS = 1.0

_BINDS = {
    Command.BIND_RECEIVER: "receiver",
    Command.BIND_TRANSMITTER: "transmitter",
    Command.BIND_TRANSCEIVER: "transceiver",
}
_SUBMITS = frozenset({Command.SUBMIT_SM, Command.DATA_SM, Command.SUBMIT_MULTI})
_REQUESTS = _SUBMITS | {Command.QUERY_SM, Command.CANCEL_SM, Command.REPLACE_SM}
_DELIVER, _DELIVER_RESP = int(Command.DELIVER_SM), int(Command.DELIVER_SM_RESP)


class State(StrEnum):
    OPEN = "open"
    BINDING = "binding"
    BOUND = "bound"
    ENDING = "ending"  # unbind was the last that is written
    CLOSED = "closed"


class Session(asyncio.Protocol):
    """`pending` has deliver_sm that are unanswered, by sequence number, with the moment at which each was written."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._buffer = b""
        self._unwritten: list[bytes] = []
        self._sequence = 0
        self._faults = 0
        self._enquired_at: float | None = None
        self._ended_at: float | None = None
        self._transport: asyncio.Transport | None = None
        self._is_leaving = False  # the peer has said unbind
        self._is_draining = False  # we are about to
        self._paused_at: float | None = None
        self.id: UUID = new_id()
        self.state = State.OPEN
        self.address = self.network = ""
        self.kind = ""
        self.partner: SmppPartner | None = None
        self.bound_at = datetime.now(UTC)
        self.opened = self.heard = time.monotonic()
        self.unanswered = 0
        self.pending: dict[int, tuple[Any, float]] = {}
        self.accepted = self.refused = self.delivered = 0
        self.last_error: tuple[str, datetime] | None = None
        self.is_tls = False
        self.certificate: str | None = None  # SHA-256 of the peer's own, where it has presented one
        self.closed = asyncio.get_running_loop().create_future()

    # --- the life of a connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        tls = transport.get_extra_info("ssl_object")
        self.is_tls = tls is not None
        if tls is not None and (presented := tls.getpeercert(binary_form=True)):
            self.certificate = hashlib.sha256(presented).hexdigest()
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(WRITE_HIGH, WRITE_LOW)
        if not self.address and not self.is_admitted(transport):
            transport.abort()
        elif self._buffer:
            self._take_in()

    def is_admitted(self, transport: asyncio.BaseTransport) -> bool:
        """Asked once for each connection, before a handshake where it has one."""
        self.address = str(transport.get_extra_info("peername")[0])
        self.network = network_of(self.address)
        return self._host.admit(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.state = State.CLOSED
        self._buffer = b""
        self._host.left(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """The peer does not read: nothing more of it is read either."""
        self._paused_at = time.monotonic()
        self._of_transport("pause_reading")

    def resume_writing(self) -> None:
        self._paused_at = None
        if self.state is not State.BINDING:
            self._of_transport("resume_reading")
        self._host.has_room(self)

    def close(self, why: str) -> None:
        """Without another word."""
        self.note_error(why)
        self._of_transport("abort")

    def note_error(self, what: str) -> None:
        self.last_error = what, datetime.now(UTC)

    # --- what is received

    def data_received(self, chunk: bytes) -> None:
        self.heard = time.monotonic()
        self._buffer = self._buffer + chunk if self._buffer else chunk
        if self.state is State.BINDING and len(self._buffer) > MOST_BEHIND_BIND:
            self._of_transport("pause_reading")
        if self._transport is not None:  # what comes with the end of a handshake may be here before
            self._take_in()

    def _take_in(self) -> None:
        buffer, position = self._buffer, 0
        most = MAX_PDU if self.partner is not None else MOST_BEFORE_BIND
        while self.state in (State.OPEN, State.BOUND, State.ENDING) and len(buffer) - position >= 4:
            length = int.from_bytes(buffer[position : position + 4], "big")
            if not HEADER_SIZE <= length <= most:
                self._lose_framing(length)
                return
            if position + length > len(buffer):
                break
            self._take(buffer[position : position + length])
            position += length
        self._buffer = buffer[position:]

    def _lose_framing(self, length: int) -> None:
        """Nobody knows where the next PDU begins (section 3.3: a generic_nack, and the end)."""
        self._buffer = b""
        self._write(smpp.pack_header(HEADER_SIZE, Command.GENERIC_NACK, Status.INVALID_COMMAND_LENGTH, 0))
        self.note_error(f"command_length {length}")
        self.state = State.ENDING
        self._of_transport("close")

    def _take(self, frame: bytes) -> None:
        _, command, status, sequence = smpp.unpack_header(frame)
        if command & RESPONSE:
            self._take_response(command, status, sequence)
        elif self.state is State.ENDING and command != Command.UNBIND:
            pass  # unbind has left: no answer may follow it
        elif command == Command.ENQUIRE_LINK:
            self._write(smpp.pack_header(HEADER_SIZE, Command.ENQUIRE_LINK_RESP, 0, sequence))
        elif command in _BINDS:
            self._bind(frame, command, sequence)
        elif command == Command.UNBIND:
            self._unbind(sequence)
        elif command in _REQUESTS:
            self._request(frame, command, sequence)
        else:
            self._fault(Command.GENERIC_NACK, Status.INVALID_COMMAND_ID, sequence)

    def _take_response(self, command: int, status: int, sequence: int) -> None:
        self._enquired_at = None
        if command in (_DELIVER_RESP, Command.GENERIC_NACK):
            sent = self.pending.pop(sequence, None)
            if sent is not None:
                if command == Command.GENERIC_NACK:
                    status = status or Status.SYSTEM_ERROR
                self._host.acknowledged(self, sent[0], status)
        elif command == Command.UNBIND_RESP and self.state is State.ENDING:
            self._of_transport("close")

    def _fault(self, response: int, status: int, sequence: int) -> None:
        self._faults += 1
        self.note_error(f"{status:#010x}")
        self._write(smpp.pack_header(HEADER_SIZE, response, status, sequence))
        if self._faults >= MOST_FAULTS:
            self.state = State.ENDING
            self._of_transport("close")

    # --- bind and unbind

    def _bind(self, frame: bytes, command: int, sequence: int) -> None:
        response = command | RESPONSE
        if self.state is not State.OPEN:
            self._fault(response, Status.ALREADY_BOUND, sequence)
            return
        try:
            fields = smpp.decode(frame).fields
        except PduError as error:
            self._fault(response, error.status, sequence)
            return
        self.state = State.BINDING  # read on all the same: a connection that is not read does not tell of its end
        self.kind = _BINDS[Command(command)]
        self._host.bind(self, str(fields["system_id"]), str(fields["password"]), response, sequence)

    def bound(self, partner: SmppPartner, response: int, sequence: int) -> None:
        """The bind stands; what came behind it is looked at now."""
        self.partner = partner
        self.state, self.bound_at = State.BOUND, datetime.now(UTC)
        tlv = smpp.encode_tlvs({Tag.SC_INTERFACE_VERSION: b"\x34"})
        body = b"Wici\0" + tlv
        self._write(smpp.pack_header(HEADER_SIZE + len(body), response, 0, sequence) + body)
        self._go_on()

    def not_bound(self, status: int, response: int, sequence: int) -> None:
        """The peer may try again on the same connection (section 2.2), until the session's first timer ends it."""
        self.state = State.OPEN
        self._write(smpp.pack_header(HEADER_SIZE, response, status, sequence))
        self._go_on()

    def _go_on(self) -> None:
        if self._paused_at is None:
            self._of_transport("resume_reading")
        self._take_in()

    def _unbind(self, sequence: int) -> None:
        """What it has sent before is answered before."""
        if not self._is_leaving:
            self._is_leaving = True
            self._host.spawn(self._unbound_by_peer(sequence))

    async def _unbound_by_peer(self, sequence: int) -> None:
        await self.answers_left(ANSWERING_SECONDS)
        self._write(smpp.pack_header(HEADER_SIZE, Command.UNBIND_RESP, 0, sequence))
        self.state = State.ENDING
        self._of_transport("close")

    async def answers_left(self, patience: float) -> None:
        """Until all that the peer has asked is answered."""
        end = time.monotonic() + patience
        while self.unanswered and time.monotonic() < end and self.state is not State.CLOSED:
            await asyncio.sleep(0.01)

    async def drain(self, patience: float) -> None:
        """Take no more requests, answer those that came, wait for what was delivered, unbind, and close.

        :param patience: seconds for what was delivered; the answers, whose messages may be stored, have their own.
        """
        if self._is_draining:
            await asyncio.wait([self.closed], timeout=ANSWERING_SECONDS)
            return
        self._is_draining = True
        end = time.monotonic() + patience
        await self.answers_left(ANSWERING_SECONDS)
        while self.pending and time.monotonic() < end and self.state is State.BOUND:
            await asyncio.sleep(0.01)
        if self.state is State.BOUND:
            self.state = State.ENDING
            self._write(smpp.pack_header(HEADER_SIZE, Command.UNBIND, 0, self._next_sequence()))
            await asyncio.wait([self.closed], timeout=_LAST_ANSWERS_SECONDS)
        self._of_transport("close")  # once what it has not read yet is written
        await asyncio.wait([self.closed], timeout=_LAST_ANSWERS_SECONDS)

    # --- requests

    def _request(self, frame: bytes, command: int, sequence: int) -> None:
        response = command | RESPONSE
        if self.partner is None or self.kind == "receiver" or self._is_leaving:
            self._fault(response, Status.INVALID_BIND_STATUS, sequence)
            return
        self._faults = 0
        is_full = self.unanswered >= self.partner.window
        if self._is_draining or is_full or not self._host.may_send(self.partner):
            self.answer(response, Status.THROTTLED, sequence, was_counted=False)
            return
        self.unanswered += 1
        self._host.request(self, frame, command, sequence)

    def answer(self, response: int, status: int, sequence: int, body: bytes = b"", *, was_counted: bool = True) -> None:
        """Answer a request. Once unbind has left there are no answers: who gets none asks again."""
        self.unanswered -= was_counted
        if status:
            self.refused += 1
            self.note_error(f"{Command(response & ~RESPONSE).name.lower()} {status:#010x}")
        if self.state is State.BOUND:
            self._write(smpp.pack_header(HEADER_SIZE + len(body), response, status, sequence) + body)

    # --- deliveries

    @property
    def delivery_room(self) -> int:
        """How many deliver_sm may be sent now."""
        if self.state is not State.BOUND or self._is_leaving or self._is_draining or self._paused_at is not None:
            return 0
        if self.kind == "transmitter":
            return 0
        return DELIVERY_WINDOW - len(self.pending)

    def deliver(self, delivery: Any, body: bytes) -> None:
        sequence = self._next_sequence()
        self.pending[sequence] = delivery, time.monotonic()
        self._write(smpp.pack_header(HEADER_SIZE + len(body), _DELIVER, 0, sequence) + body)

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    def _write(self, octets: bytes) -> None:
        """It goes with the others of this turn of the loop: a system call for each PDU cost half of what a message did.
        What of them awaits room is the transport's, which then pauses us."""
        if self.state is State.CLOSED or self._transport is None:
            return
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unwritten.append(octets)

    def _flush(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        if unwritten and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(unwritten))

    def _of_transport(self, what: str) -> None:
        if self._transport is None:
            return
        if what == "close":
            self._flush()
            if self._transport.is_closing():  # of TLS, what is closed twice can be neither written to nor aborted
                return
        getattr(self._transport, what)()

    # --- timers

    def tick(self, now: float, timers: Any) -> None:
        """End what nobody waits for any more; ask when it is quiet.

        :param timers: seconds (`config.SmppServerConfig`): session_init, enquire_link, inactivity, response.
        """
        if self.state is State.ENDING:
            self._ended_at = self._ended_at or now
            if now - self._ended_at > ENDING_SECONDS:
                self.close("it does not take its last answers")
        elif self.state in (State.OPEN, State.BINDING):
            if now - self.opened > timers.session_init + (timers.response if self.state is State.BINDING else 0):
                self.close("no bind in time")
        elif self._paused_at is not None and now - self._paused_at > timers.response:
            self.close("it does not read")
        elif self.pending and now - next(iter(self.pending.values()))[1] > timers.response:
            self.close("a deliver_sm was not answered")
        elif self._enquired_at is not None and now - self._enquired_at > timers.response:
            self.close("an enquire_link was not answered")
        elif now - self.heard > timers.inactivity:
            self.close("nothing was heard of it")
        elif self._enquired_at is None and now - self.heard > timers.enquire_link and self.state is State.BOUND:
            self._enquired_at = now
            self._write(smpp.pack_header(HEADER_SIZE, Command.ENQUIRE_LINK, 0, self._next_sequence()))

    def as_json(self) -> dict[str, Any]:
        """How the bind is, as `SmppBind` shows it."""
        error, at = self.last_error or (None, None)
        return {
            "kind": self.kind,
            "address": self.address,
            "tls": self.is_tls,
            "bound_at": self.bound_at.isoformat(),
            "accepted": self.accepted,
            "refused": self.refused,
            "delivered": self.delivered,
            "unanswered": self.unanswered,
            "unacknowledged": len(self.pending),
            "last_error": error,
            "last_error_at": at and at.isoformat(),
        }
