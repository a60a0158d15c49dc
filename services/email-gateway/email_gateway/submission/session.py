"""One connection of a partner's server: TLS, then a log-in, then mail (RFC 5321, 6409, 4954, 3207)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

from contracts.email_addresses import MAX_ADDRESS, is_mail_domain
from contracts.errors import WiciError
from email_gateway.content.compose import NotComposable, ascii_address
from email_gateway.content.received import NotAccepted
from email_gateway.smtp.inbound_wire import BadLine, Closed, InboundWire, Received, TooLong
from email_gateway.submission import replies
from email_gateway.submission.mechanisms import MECHANISMS, Cancelled
from email_gateway.submission.ports import Desk, Envelope
from email_gateway.submission.replies import Answer
from email_gateway.usecases.submissions import Login

MOST_LINE = 2_048  # octets of a command: 512, and what AUTH and MAIL may add (RFC 4954, RFC 6531)
MOST_ERRORS = 15
MOST_MESSAGES = 10_000  # over one connection
LINE_SECONDS = 120.0
FIRST_SECONDS, STRANGER_SECONDS = 30.0, 120.0  # a line, and all, of who is not logged in
DATA_IDLE_SECONDS, DATA_SECONDS = 60.0, 600.0
_PATH = re.compile(r"(?:FROM|TO):[ ]?<([^<>\x00-\x20\x7f]*)>(?: (.+))?\Z", re.IGNORECASE)
_HELLO = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}\Z")


class Session:
    """:param is_wrapped: whether TLS comes before the first word (port 465)."""

    def __init__(self, wire: InboundWire, desk: Desk, *, is_wrapped: bool) -> None:
        self._wire, self._desk, self._is_wrapped = wire, desk, is_wrapped
        self.login: Login | None = None
        self.envelope: Envelope | None = None
        self.hello = ""
        self.is_stopping = False
        self.is_busy = False  # a message is on its way to the disk
        self._errors = self._messages = 0

    @property
    def address(self) -> str:
        return self._wire.address

    async def run(self) -> None:
        """Until the peer leaves, or must. Never raises what a peer could bring about."""
        try:
            if self._is_wrapped:
                await self._wire.start_tls(self._desk.certificate())
            await self._wire.write(f"220 {self._desk.name} ESMTP\r\n".encode("ascii"))
            until = asyncio.get_running_loop().time() + STRANGER_SECONDS
            while await self._one(LINE_SECONDS if self.login else _left(until)):
                pass
        except (Closed, OSError):  # a timeout is an OSError
            self._wire.abort()
        except asyncio.CancelledError:  # the process ends
            with suppress(Closed, TimeoutError):
                await self._wire.write(replies.STOPPING.line(), 0)
            raise
        finally:
            try:
                self._wire.close()
                await self._wire.lost()
            finally:
                if self.login is not None:
                    self._desk.leave(self.login)

    async def _one(self, seconds: float) -> bool:
        """One command; False where the connection is over."""
        try:
            line = await self._wire.line(MOST_LINE, seconds)
            answer = await self._handle(line)
        except BadLine:
            answer = replies.BAD_LINE
        except TooLong:
            answer = replies.LINE_TOO_LONG
        except TimeoutError:
            answer = replies.TOO_SLOW
        if answer is None:
            return True
        if answer.code >= 500:
            self._errors += 1
        await self._tell(answer)
        if self._errors > MOST_ERRORS and not answer.ends:
            await self._tell(replies.TOO_MANY_ERRORS)
            return False
        if self.is_stopping and not answer.ends and self.envelope is None:
            await self._tell(replies.STOPPING)
            return False
        return not answer.ends

    async def _tell(self, answer: Answer) -> None:
        await self._wire.write(answer.line())

    async def _handle(self, line: bytes) -> Answer | None:
        """The answer to a command; None where it has been given."""
        verb, _, arguments = line.decode("utf-8", "surrogateescape").partition(" ")
        handler = _COMMANDS.get(verb.upper())
        if handler is None:
            return replies.UNKNOWN
        try:
            return await handler(self, arguments.strip(" "))
        except WiciError as error:
            return replies.answer_to(error)

    # Greetings and TLS

    async def _ehlo(self, arguments: str) -> Answer | None:
        if not _HELLO.match(arguments):
            return replies.BAD_SYNTAX
        self.hello, self.envelope = arguments, None
        lines = [self._desk.name, "PIPELINING", f"SIZE {self._desk.most_octets}", "8BITMIME", "SMTPUTF8"]
        lines += ["ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN" if self._wire.is_secure else "STARTTLS"]
        told = [f"250{' ' if number == len(lines) else '-'}{line}\r\n" for number, line in enumerate(lines, start=1)]
        await self._wire.write("".join(told).encode("ascii"))
        return None

    async def _helo(self, arguments: str) -> Answer | None:
        if not _HELLO.match(arguments):
            return replies.BAD_SYNTAX
        self.hello, self.envelope = arguments, None
        await self._wire.write(f"250 {self._desk.name}\r\n".encode("ascii"))
        return None

    async def _starttls(self, arguments: str) -> Answer | None:
        if arguments:
            return replies.BAD_SYNTAX
        if self._wire.is_secure:
            return replies.IN_TLS
        if self._wire.holds_more:  # what came in clear text must not be taken for what comes after (CVE-2011-0411)
            return replies.INJECTED
        await self._tell(replies.GO_AHEAD_TLS)
        await self._wire.start_tls(self._desk.certificate())
        self.hello, self.envelope = "", None
        return None

    # Logging in

    async def _auth(self, arguments: str) -> Answer | None:
        if not self._wire.is_secure:
            return replies.NEEDS_ENCRYPTION
        if not self.hello:
            return replies.NO_HELLO
        if self.login is not None or self.envelope is not None:
            return replies.BAD_SEQUENCE
        mechanism, _, initial = arguments.partition(" ")
        ask = MECHANISMS.get(mechanism.upper())
        if ask is None:
            return replies.NO_MECHANISM
        try:
            username, password = await ask(self._wire, initial)
        except Cancelled as cancelled:
            return cancelled.answer
        try:
            login = await self._desk.log_in(username, password, self.address)
        except WiciError as error:
            return replies.answer_to(error)._replace(ends=False)
        refusal = self._desk.enter(login)
        if refusal is not None:
            return refusal
        self.login = login
        return replies.LOGGED_IN

    # Mail

    def _not_ready(self) -> Answer | None:
        if not self._wire.is_secure:
            return replies.NEEDS_TLS
        if not self.hello:
            return replies.NO_HELLO
        return None if self.login else replies.NEEDS_LOGIN

    async def _mail(self, arguments: str) -> Answer | None:
        if refusal := self._not_ready():
            return refusal
        if self.envelope is not None:
            return replies.BAD_SEQUENCE
        found = _PATH.match(arguments)
        if found is None or arguments[:4].upper() != "FROM":
            return replies.BAD_SYNTAX
        envelope = Envelope(found[1])
        if refusal := self._mail_parameters(envelope, found[2] or ""):
            return refusal
        if not envelope.sender.isascii() or _spelled(envelope.sender) is None:
            return replies.BAD_SENDER
        if self._messages >= MOST_MESSAGES:
            return replies.STOPPING
        self.envelope = envelope
        return replies.SENDER_OK

    def _mail_parameters(self, envelope: Envelope, parameters: str) -> Answer | None:
        for parameter in parameters.split():
            name, _, value = parameter.upper().partition("=")
            if name == "SIZE":
                if not value.isdigit() or len(value) > 20:
                    return replies.BAD_SYNTAX
                if int(value) > self._desk.most_octets:
                    return replies.TOO_LARGE
            elif name == "SMTPUTF8" and not value:
                envelope.says_utf8 = True
            elif name == "BODY" and value not in ("7BIT", "8BITMIME"):
                return replies.BAD_SYNTAX
            elif name not in ("BODY", "AUTH"):
                return replies.BAD_PARAMETER
        return None

    async def _rcpt(self, arguments: str) -> Answer | None:
        if refusal := self._not_ready():
            return refusal
        if self.envelope is None or self.login is None:
            return replies.BAD_SEQUENCE
        found = _PATH.match(arguments)
        if found is None or arguments[:2].upper() != "TO":
            return replies.BAD_SYNTAX
        if found[2]:
            return replies.BAD_PARAMETER
        if not found[1].rpartition("@")[0].isascii():
            return replies.NOT_ASCII
        address = _spelled(found[1])
        if address is None:
            return replies.BAD_RECIPIENT
        if len(self.envelope.recipients) >= self._desk.most_recipients:
            return replies.TOO_MANY_RECIPIENTS
        await self._desk.recipient(self.login, address)
        self.envelope.recipients.setdefault(address.casefold(), address)
        return replies.RECIPIENT_OK

    async def _data(self, arguments: str) -> Answer | None:
        if refusal := self._not_ready():
            return refusal
        if arguments:
            return replies.BAD_SYNTAX
        if self.envelope is None or self.login is None:
            return replies.BAD_SEQUENCE
        if not self.envelope.recipients:
            return replies.NO_RECIPIENTS
        await self._wire.write(b"354 End data with <CR><LF>.<CR><LF>\r\n")
        login, held = self.login, 0

        def grow(octets: int) -> bool:
            nonlocal held
            may = self._desk.grow(login, octets)
            held += octets if may else 0
            return may

        try:
            received = await self._wire.message(self._desk.most_octets, grow, DATA_IDLE_SECONDS, DATA_SECONDS)
            return await self._received(login, self.envelope, received)
        finally:
            self.envelope = None
            self._desk.shrink(login, held)

    async def _received(self, login: Login, envelope: Envelope, received: Received) -> Answer:
        self._messages += 1
        if received.size > self._desk.most_octets:
            return replies.TOO_LARGE
        if received.octets is None:
            return replies.NO_ROOM
        self.is_busy = True
        try:
            trace = await self._desk.submit(login, envelope, received.octets)
        except NotAccepted as refused:
            return Answer(refused.code, refused.enhanced, refused.text)
        except Exception as error:  # of one that nobody foresaw, nobody knows whether the mail is safe: it is not said
            return replies.answer_to(error)
        finally:
            self.is_busy = False
        return Answer(250, "2.0.0", f"Accepted as {trace}")

    async def _rset(self, arguments: str) -> Answer | None:
        self.envelope = None
        return replies.BAD_SYNTAX if arguments else replies.RESET

    async def _noop(self, _arguments: str) -> Answer | None:
        return replies.OK

    async def _quit(self, _arguments: str) -> Answer | None:
        return replies.BYE

    async def _vrfy(self, _arguments: str) -> Answer | None:
        return self._not_ready() or replies.NOT_VERIFIED


def _left(until: float) -> float:
    return max(0.0, min(FIRST_SECONDS, until - asyncio.get_running_loop().time()))


def _spelled(address: str) -> str | None:
    """The address as it is kept, its domain in lower-case A-labels; None where no mail can be sent to it."""
    local, _, domain = address.rpartition("@")
    try:
        spelled = ascii_address(f"{local}@{domain.lower()}")
    except (NotComposable, UnicodeError):
        return None
    return spelled if len(spelled) <= MAX_ADDRESS and is_mail_domain(spelled.rpartition("@")[2]) else None


_Handler = Callable[[Session, str], Awaitable[Answer | None]]
_COMMANDS: dict[str, _Handler] = {
    "EHLO": Session._ehlo,
    "HELO": Session._helo,
    "STARTTLS": Session._starttls,
    "AUTH": Session._auth,
    "MAIL": Session._mail,
    "RCPT": Session._rcpt,
    "DATA": Session._data,
    "RSET": Session._rset,
    "NOOP": Session._noop,
    "QUIT": Session._quit,
    "VRFY": Session._vrfy,
    "EXPN": Session._vrfy,
}
