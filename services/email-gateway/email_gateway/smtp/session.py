"""One SMTP connection, pipelined (RFC 2920), as a state machine that an asyncio transport drives.

In the steady state the body of one message and `MAIL`, `RCPT`, `DATA` of the next leave in one write, so that a message
costs one round trip. What the server says is read strictly; any other bytes end the connection with a clear failure.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

from prometheus_client import Counter

from chassis.public_addresses import Networks, may_connect
from email_gateway.domain.needs import Needs
from email_gateway.smtp.dane import Tlsa, is_fitting
from email_gateway.smtp.places import is_literal
from email_gateway.smtp.replies import NotSmtp, Reply, ReplyReader
from email_gateway.smtp.verdicts import About, Stage, about, is_block, judged

CONNECT_SECONDS = 20.0
ADDRESS_SECONDS, MOST_ADDRESSES = 6.0, 5  # for one of a host's: where IPv6 leads nowhere, the next one is asked
GREETING_SECONDS = 60.0
COMMAND_SECONDS = 60.0
DATA_SECONDS = (
    180.0  # RFC 5321 asks for 10 minutes after the final dot; who needs more than 3 is not worth a connection
)


TLS = Counter(
    "wici_email_tls_total",
    "Connections by what became of TLS, in the words of RFC 8460 section 4.3",
    ["tls", "outcome"],
)


class Tls(StrEnum):
    """Whether a connection is encrypted: never, when offered (any certificate), or always.

    `REQUIRED`: with a valid certificate; `DANE`: with one that fits the peer's TLSA records.
    """

    OFF = "off"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"
    DANE = "dane"

    @property
    def is_always(self) -> bool:
        return self in (Tls.REQUIRED, Tls.DANE)


_PARAMETERS = {Needs.EIGHT_BIT: ("8BITMIME", " BODY=8BITMIME"), Needs.UTF8: ("SMTPUTF8", " SMTPUTF8")}


@cache
def _parameters_of(needs: Needs) -> str:
    return "".join(parameter for need, (_, parameter) in _PARAMETERS.items() if needs & need)


@dataclass(frozen=True)
class Peer:
    """Where a connection goes and how."""

    host: str
    port: int = 25
    tls: Tls = Tls.OPPORTUNISTIC
    username: str | None = None
    password: str | None = None
    ehlo_name: str = "localhost"
    source_address: str | None = None
    tlsa: tuple[Tlsa, ...] = ()
    allowed: Networks | None = None  # where it may lie; None: anywhere, an operator named it


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


class ConnectFailed(Exception):
    """No usable session with this peer; `code` as a report shows it, `permanent` when trying again will not help.

    :param is_block: the peer takes nothing from our address.
    :param about: of whom its refusal speaks.
    :ivar host: which of a destination's it was; empty where none was asked.
    """

    host = ""

    def __init__(
        self, code: str, detail: str, *, permanent: bool = False, is_block: bool = False, about: About = About.UNKNOWN
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.permanent = code, detail, permanent
        self.is_block, self.about = is_block, about


class NotPublic(ConnectFailed):
    """The host is an address, or all of its addresses are private, loopback, link-local or reserved."""

    def __init__(self) -> None:
        super().__init__("5.4.4", "the domain's mail hosts have no public address", permanent=True)


class TlsFailed(ConnectFailed):
    """The server offered TLS, and no handshake came of it."""

    def __init__(self, detail: str) -> None:
        super().__init__("4.7.5", f"TLS failed: {detail}")


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
        self.deadline = time.monotonic() + GREETING_SECONDS
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

    async def _reply(self, seconds: float) -> Reply:
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
        return await self._reply(COMMAND_SECONDS)

    async def greet(self, peer: Peer) -> None:
        """:raises ConnectFailed: the greeting refuses, or it does not come."""
        greeting = await self._reply(GREETING_SECONDS)
        _ensure_accepted(greeting, "greeting")
        await self._ehlo(peer)

    async def _ehlo(self, peer: Peer) -> None:
        reply = await self.command(b"EHLO " + peer.ehlo_name.encode("ascii", "replace"))
        if reply.code in (500, 501, 502, 504):
            reply = await self.command(b"HELO " + peer.ehlo_name.encode("ascii", "replace"))
            _ensure_accepted(reply, "HELO")
            self.extensions = {}
        else:
            _ensure_accepted(reply, "EHLO")
            lines = [line.strip().upper().partition(" ") for line in reply.lines[1:]]
            self.extensions = {keyword: arguments for keyword, _, arguments in lines}
        self.pipelining = "PIPELINING" in self.extensions

    async def start_tls(self, peer: Peer) -> None:
        """:raises ConnectFailed: TLS is required and not offered, or the handshake fails."""
        if "STARTTLS" not in self.extensions:
            TLS.labels(peer.tls, "starttls-not-supported").inc()
            if peer.tls.is_always:
                raise ConnectFailed("5.7.10", "TLS is required and the server does not offer it")
            return
        if not (await self.command(b"STARTTLS")).accepts:
            if peer.tls.is_always:
                raise ConnectFailed("4.7.10", "the server refused STARTTLS")
            return
        loop = asyncio.get_running_loop()
        assert self._transport is not None
        # What came in clear text before the handshake must not be taken for what comes after (CVE-2011-0411).
        self._reader = ReplyReader()
        self._early.clear()
        try:
            transport = await loop.start_tls(
                self._transport,
                self,
                _context(peer.tls),
                server_hostname=peer.host,
                ssl_handshake_timeout=CONNECT_SECONDS,
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            TLS.labels(peer.tls, "validation-failure").inc()
            raise TlsFailed(type(error).__name__) from None
        if transport is None:
            raise TlsFailed("the connection was lost")
        self._transport = transport
        if peer.tls is Tls.DANE and not is_fitting(_chain_of(transport), peer.host, peer.tlsa):
            TLS.labels(peer.tls, "tlsa-invalid").inc()
            raise ConnectFailed("4.7.5", "the certificate is not the one that the host's domain names")
        TLS.labels(peer.tls, "success").inc()
        await self._ehlo(peer)

    async def authenticate(self, peer: Peer) -> None:
        """AUTH PLAIN where a user name is set. :raises ConnectFailed: it is not offered or refused."""
        if peer.username is None:
            return
        if "PLAIN" not in self.extensions.get("AUTH", "").split():
            raise ConnectFailed("5.7.4", "the server does not offer AUTH PLAIN")
        secret = b64encode(f"\0{peer.username}\0{peer.password or ''}".encode())
        _ensure_accepted(await self.command(b"AUTH PLAIN " + secret), "AUTH")

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


async def open_session(peer: Peer, make: Callable[[], Session]) -> Session:
    """Connect, greet, STARTTLS and AUTH as the peer wants; the session is ready but not started.

    asyncio sets TCP_NODELAY on every stream socket; without it SMTP over TLS makes 23 messages a second. Where nobody
    asks for TLS and a handshake fails, the mail goes in clear text, as to a server that offers none: whoever can break
    the one can hide the other (RFC 7435). A password never does.

    :raises NotPublic: the peer may not lie where it does.
    :raises ConnectFailed: anything on the way there failed.
    """
    try:
        return await _opened(peer, make)
    except TlsFailed:
        if peer.tls is not Tls.OPPORTUNISTIC or peer.username is not None:
            raise
    return await _opened(replace(peer, tls=Tls.OFF), make)


async def _opened(peer: Peer, make: Callable[[], Session]) -> Session:
    try:
        session = await _connected(peer, make)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise ConnectFailed("4.4.1", f"no connection: {type(error).__name__}") from None
    try:
        await session.greet(peer)
        if peer.tls is not Tls.OFF:
            await session.start_tls(peer)
        await session.authenticate(peer)
    except BaseException:  # whatever it is, nobody has the connection
        session.abort("opening failed")
        raise
    return session


async def _connected(peer: Peer, make: Callable[[], Session]) -> Session:
    loop = asyncio.get_running_loop()
    source = (peer.source_address, 0) if peer.source_address else None
    if peer.allowed is None:
        made = loop.create_connection(make, peer.host, peer.port, local_addr=source, happy_eyeballs_delay=1.0)
        return (await asyncio.wait_for(made, CONNECT_SECONDS))[1]
    if is_literal(peer.host):
        raise NotPublic  # Only names may stand in DNS (RFC 5321 section 5.1).
    # The addresses that are judged are those that are connected to: a second lookup may answer otherwise.
    asked = loop.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    found = await asyncio.wait_for(asked, CONNECT_SECONDS)
    hosts = [str(place[0]) for *_, place in found if may_connect(str(place[0]), peer.allowed)]
    if not hosts:
        raise NotPublic
    if peer.source_address is not None:  # of the other family nothing leads from it
        hosts = [host for host in hosts if (":" in host) == (":" in peer.source_address)]
    hosts = list(dict.fromkeys(hosts))[:MOST_ADDRESSES]
    seconds, failure = CONNECT_SECONDS if len(hosts) == 1 else ADDRESS_SECONDS, OSError()
    for host in hosts:
        try:
            made = loop.create_connection(make, host, peer.port, local_addr=source)
            return (await asyncio.wait_for(made, seconds))[1]
        except OSError as error:  # a timeout is one
            failure = error
    raise failure


def _ensure_accepted(reply: Reply, what: str) -> None:
    if not reply.accepts:
        stage = Stage.CONNECT if what == "greeting" else Stage.EHLO
        judged(stage, reply)
        detail, permanent = f"{what} refused: {reply.text}"[:200], reply.code >= 500
        of = about(stage, reply)
        raise ConnectFailed(reply.status, detail, permanent=permanent, is_block=is_block(stage, reply), about=of)


def _chain_of(transport: asyncio.Transport) -> list[bytes]:
    """The certificates that the server has shown, in DER, its own first; the public call for it comes with 3.13."""
    shown = transport.get_extra_info("ssl_object")._sslobj.get_unverified_chain() or ()
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in shown]


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if tls in (Tls.OPPORTUNISTIC, Tls.DANE):  # of DANE the records decide, once the chain is there
        # Encrypted to somebody is better than clear text to anybody (RFC 7435).
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
