"""One SMTP connection, pipelined (RFC 2920), as a state machine that an asyncio transport drives.

In the steady state the body of one message and `MAIL`, `RCPT`, `DATA` of the next leave in one write, so that a message
costs one round trip. What the server says is read strictly; any other bytes end the connection with a clear failure.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

from email_gateway.domain.needs import Needs
from email_gateway.smtp.peers import ConnectFailed
from email_gateway.smtp.replies import NotSmtp, Reply, ReplyReader
from email_gateway.smtp.verdicts import Stage

COMMAND_SECONDS = 60.0
DATA_SECONDS = (
    180.0  # RFC 5321 asks for 10 minutes after the final dot; who needs more than 3 is not worth a connection
)


_PARAMETERS = {Needs.EIGHT_BIT: ("8BITMIME", " BODY=8BITMIME"), Needs.UTF8: ("SMTPUTF8", " SMTPUTF8")}


@cache
def _parameters_of(needs: Needs) -> str:
    return "".join(parameter for need, (_, parameter) in _PARAMETERS.items() if needs & need)


class Envelope(Protocol):
    """What a session sends: an address pair and the message's octets, CRLF line ends, not dot-stuffed."""

    @property
    def envelope_from(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def octets(self) -> bytes: ...
    @property
    def needs(self) -> Needs: ...


class Ending(StrEnum):
    """What became of an envelope that got no reply of its own."""

    NOT_SENT = "not_sent"  # its body never left: it may go over another connection
    LOST = "lost"  # its body left and no answer came: nobody knows


Settled = Callable[[Any, Stage, Reply], None]
Dropped = Callable[[Any, Ending, str], None]


@dataclass(slots=True)
class _Transaction:
    envelope: Any
    refusal: Reply | None = None
    refused_at: Stage = Stage.MAIL
    body_sent: bool = False

    def refuse(self, stage: Stage, reply: Reply) -> None:
        """Keep the first refusal: what a pipelined server says after it only follows from it."""
        if self.refusal is None:
            self.refusal, self.refused_at = reply, stage


class Session(asyncio.Protocol):
    """A connection that is ready for mail; `open_session` makes one.

    :param next_envelope: asked for the next one whenever there is room; None when there is none at the moment.
    :param on_settled: an envelope got its final reply, and to what.
    :param on_dropped: the connection ended before that.
    """

    def __init__(
        self,
        *,
        next_envelope: Callable[[], Any | None],
        on_settled: Settled,
        on_dropped: Dropped,
        on_closed: Callable[[Session, str], None],
        message_limit: int,
    ) -> None:
        self._next_envelope, self._on_settled, self._on_dropped = next_envelope, on_settled, on_dropped
        self._on_closed = on_closed
        self._left = message_limit
        self._reader = ReplyReader()
        self._expected: deque[tuple[Stage, _Transaction]] = deque()
        self._waiter: asyncio.Future[Reply] | None = None
        self._early: deque[Reply] = deque()  # replies of the opening that came before they were waited for
        self._transport: asyncio.Transport | None = None
        self._open: list[_Transaction] = []
        self._reason = ""
        self.extensions: dict[str, str] = {}
        self.pipelining = False
        self.is_closed = False
        self.is_ready = False
        self.deadline = 0.0  # of the answer that is waited for
        self.idle_since = 0.0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            for reply in self._reader.feed(data):
                self._on_reply(reply)
        except NotSmtp as error:
            self.abort(f"the server does not speak SMTP: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(self._reason or (f"connection lost: {exc}" if exc else "the server closed the connection"))

    def abort(self, reason: str) -> None:
        """End the connection at once."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()
        self._finish(self._reason)

    def quit(self) -> None:
        """End an idle connection politely."""
        self._reason = "finished"
        if self._transport is not None and not self.is_closed:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def finish(self) -> None:
        """End the connection once it has no mail under way; it takes none more."""
        self._left = 0
        if self.is_idle:
            self.quit()

    def _finish(self, reason: str) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ConnectFailed("4.4.2", reason))
        open_ones, self._open = self._open, []
        for transaction in open_ones:
            if transaction.refusal is not None:
                self._on_settled(transaction.envelope, transaction.refused_at, transaction.refusal)
            else:
                ending = Ending.LOST if transaction.body_sent else Ending.NOT_SENT
                self._on_dropped(transaction.envelope, ending, reason)
        if self.is_ready:
            self._on_closed(self, reason)

    # Opening: one command, one reply

    async def reply(self, seconds: float) -> Reply:
        if self._early:
            return self._early.popleft()
        if self.is_closed:
            raise ConnectFailed("4.4.2", self._reason or "the server closed the connection")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(self._waiter, seconds)
        except TimeoutError:
            raise ConnectFailed("4.4.2", "the server did not answer in time") from None
        finally:
            self._waiter = None

    async def command(self, line: bytes) -> Reply:
        assert self._transport is not None
        if self.is_closed:
            raise ConnectFailed("4.4.2", self._reason or "the server closed the connection")
        self._transport.write(line + b"\r\n")
        return await self.reply(COMMAND_SECONDS)

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> asyncio.Transport | None:
        """:raises OSError, ssl.SSLError, TimeoutError: no handshake came of it. None: the connection was lost."""
        assert self._transport is not None
        # What came in clear text before the handshake must not be taken for what comes after (CVE-2011-0411).
        self._reader = ReplyReader()
        self._early.clear()
        transport = await asyncio.get_running_loop().start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=seconds
        )
        if transport is not None:
            self._transport = transport
        return transport

    def offers(self, extensions: dict[str, str]) -> None:
        """What the server's EHLO said."""
        self.extensions, self.pipelining = extensions, "PIPELINING" in extensions

    # Mail

    def start(self) -> None:
        """Ready for mail: take the first envelope."""
        self.is_ready = True
        self.idle_since = time.monotonic()
        self.pump()

    @property
    def is_overdue(self) -> bool:
        """Whether the server owes an answer for too long."""
        return bool(self._expected) and not self.is_closed and time.monotonic() > self.deadline

    @property
    def is_idle(self) -> bool:
        return self.is_ready and not self.is_closed and not self._expected

    def pump(self) -> None:
        """Start the next transaction if nothing is under way."""
        if self.is_idle and not self._write(self._opening()) and self._left <= 0:
            self.quit()

    def _opening(self) -> bytes:
        """MAIL, RCPT and DATA of the next envelope (MAIL alone without PIPELINING), or nothing."""
        envelope = self._next_possible() if self._left > 0 and not self._reason else None
        if envelope is None:
            return b""
        self._left -= 1
        transaction = _Transaction(envelope)
        self._open.append(transaction)
        self._expected.append((Stage.MAIL, transaction))
        size = f" SIZE={len(envelope.octets)}" if "SIZE" in self.extensions else ""
        more = _parameters_of(envelope.needs)
        mail = f"MAIL FROM:<{envelope.envelope_from}>{size}{more}\r\n"
        if not self.pipelining:
            return mail.encode("ascii")
        self._expected.append((Stage.RCPT, transaction))
        self._expected.append((Stage.DATA, transaction))
        return f"{mail}RCPT TO:<{envelope.address}>\r\nDATA\r\n".encode("ascii")

    def _next_possible(self) -> Any | None:
        """The next envelope that this server can be given; what it cannot be given ends here, as if it had said so."""
        while (envelope := self._next_envelope()) is not None:
            if not envelope.needs:
                return envelope
            lacking = [
                name for need, (name, _) in _PARAMETERS.items() if envelope.needs & need and name not in self.extensions
            ]
            if not lacking:
                return envelope
            self._on_settled(envelope, Stage.MAIL, Reply(554, f"the server does not offer {lacking[0]}", "5.6.3"))
        return None

    def _write(self, octets: bytes) -> bool:
        if not octets:
            self.idle_since = time.monotonic()
            return False
        assert self._transport is not None
        self.deadline = time.monotonic() + DATA_SECONDS
        self._transport.write(octets)
        return True

    def _on_reply(self, reply: Reply) -> None:
        if self.is_closed:
            return
        if self._waiter is not None:
            if not self._waiter.done():
                self._waiter.set_result(reply)
            return
        if not self.is_ready:
            self._early.append(reply)
            return
        if not self._expected:
            # A server that gives up an idle connection says so (421); anything else here is out of step.
            self._reason = self._reason or f"the server ended the connection: {reply.code}"
            self.abort(self._reason)
            return
        stage, transaction = self._expected.popleft()
        if reply.code == 421 and stage is not Stage.RSET:
            self._shut_down_by(reply)
            return
        if reply.code < 400 and (reply.code == 354) != (stage is Stage.DATA):
            # An acceptance of something else than what was asked: from here on no reply can be trusted.
            self.abort(f"the server is out of step: {reply.code} to {stage.upper()}")
            return
        _HANDLERS[stage](self, transaction, reply)

    def _shut_down_by(self, reply: Reply) -> None:
        """421: the server closes; what it has not taken goes elsewhere."""
        self._reason = f"the server ended the connection: {reply.status} {reply.text}"[:200]
        for transaction in self._open:
            transaction.body_sent = False
        self.abort(self._reason)

    def _on_mail(self, transaction: _Transaction, reply: Reply) -> None:
        if not reply.accepts:
            transaction.refuse(Stage.MAIL, reply)
        if self.pipelining:
            return
        if transaction.refusal:
            self._reset(transaction)
        else:
            self._expected.append((Stage.RCPT, transaction))
            self._write(f"RCPT TO:<{transaction.envelope.address}>\r\n".encode("ascii"))

    def _on_rcpt(self, transaction: _Transaction, reply: Reply) -> None:
        if not reply.accepts:
            transaction.refuse(Stage.RCPT, reply)
        if self.pipelining:
            return
        if transaction.refusal:
            self._reset(transaction)
        else:
            self._expected.append((Stage.DATA, transaction))
            self._write(b"DATA\r\n")

    def _on_data(self, transaction: _Transaction, reply: Reply) -> None:
        if reply.code == 354:
            if transaction.refusal is None:
                self._send_body(transaction)
            else:
                # The server takes the (empty) message although it refused the recipient (RFC 2920 section 3.1).
                self._expected.append((Stage.BODY, transaction))
                self._write(b".\r\n")
            return
        transaction.refuse(Stage.DATA, reply)
        self._reset(transaction)

    def _send_body(self, transaction: _Transaction) -> None:
        transaction.body_sent = True
        octets = transaction.envelope.octets
        stuffed = octets.replace(b"\r\n.", b"\r\n..") if b"\r\n." in octets else octets
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        self._expected.append((Stage.BODY, transaction))
        end = b".\r\n" if not octets or octets.endswith(b"\r\n") else b"\r\n.\r\n"
        self._write(b"".join((stuffed, end, self._opening() if self.pipelining else b"")))

    def _on_body(self, transaction: _Transaction, reply: Reply) -> None:
        if transaction.refusal is not None:
            self._reset(transaction)
            return
        self._settle(transaction, Stage.BODY, reply)
        self.pump()

    def _reset(self, transaction: _Transaction) -> None:
        """After an error: RSET, so that nothing of this transaction is left, together with the next one's commands."""
        assert transaction.refusal is not None
        self._settle(transaction, transaction.refused_at, transaction.refusal)
        self._expected.append((Stage.RSET, transaction))
        self._write(b"RSET\r\n" + (self._opening() if self.pipelining else b""))

    def _on_rset(self, _transaction: _Transaction, reply: Reply) -> None:
        if not reply.accepts:
            self.abort("the server refused RSET")
            return
        self.pump()

    def _settle(self, transaction: _Transaction, stage: Stage, reply: Reply) -> None:
        self._open.remove(transaction)
        self._on_settled(transaction.envelope, stage, reply)


_HANDLERS: dict[Stage, Callable[[Session, _Transaction, Reply], None]] = {
    Stage.MAIL: Session._on_mail,
    Stage.RCPT: Session._on_rcpt,
    Stage.DATA: Session._on_data,
    Stage.BODY: Session._on_body,
    Stage.RSET: Session._on_rset,
}
