"""One connection of a partner's server: TLS, then a log-in, then mail (RFC 5321, 6409, 4954, 3207)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from contracts.errors import WiciError
from email_gateway.content.received import NotAccepted
from email_gateway.smtp.inbound_wire import BadLine, Closed, InboundWire, Received, TooLong
from email_gateway.submission import replies, syntax
from email_gateway.submission.mechanisms import MECHANISMS, Cancelled
from email_gateway.submission.ports import Desk, Envelope
from email_gateway.submission.replies import Answer
from email_gateway.usecases.submissions import Login

MOST_LINE = 2_048  # octets of a command: 512, and what AUTH and MAIL may add (RFC 4954, RFC 6531)
MOST_ERRORS = 15  # since the last mail that was taken, as below
MOST_IDLE = 100  # commands that bring no mail nearer
MOST_MESSAGES = 10_000  # over one connection
LINE_SECONDS = 120.0
FIRST_SECONDS, STRANGER_SECONDS = 30.0, 120.0  # a line, and all, of who is not logged in
DATA_IDLE_SECONDS, DATA_SECONDS = 60.0, 600.0
MOST_CHUNKS = 4  # sizes of a mail: a piece that is larger is not read to its end


class Session:
    """:param is_wrapped: whether TLS comes before the first word (port 465)."""

    def __init__(self, wire: InboundWire, desk: Desk, *, is_wrapped: bool) -> None:
        self._wire, self._desk, self._is_wrapped = wire, desk, is_wrapped
        self.login: Login | None = None
        self.envelope: Envelope | None = None
        self.hello = ""
        self.is_stopping = False
        self.is_busy = False  # a message is on its way to the disk
        self._errors = self._idle = self._messages = 0

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
            while await self._one(self._patience(until)):
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
                self._forget_envelope()
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
        if answer is not None:
            self._errors += answer.is_fault
            await self._tell(answer)
        is_over = answer is not None and answer.ends
        if max(self._errors - MOST_ERRORS, self._idle - MOST_IDLE) > 0 and not is_over:
            await self._tell(replies.TOO_MANY_ERRORS)
            return False
        if answer is not None and self.is_stopping and not is_over and self.envelope is None:
            await self._tell(replies.STOPPING)
            return False
        return not is_over

    def _patience(self, strangers_until: float) -> float:
        """How long the next command may take, in seconds."""
        now = asyncio.get_running_loop().time()
        if self.login is None:
            return max(0.0, min(FIRST_SECONDS, strangers_until - now))
        if self.envelope is not None and self.envelope.until is not None:  # what there is of a mail takes up room
            return max(0.0, min(LINE_SECONDS, self.envelope.until - now))
        return LINE_SECONDS

    async def _tell(self, answer: Answer) -> None:
        await self._wire.write(answer.line())

    async def _handle(self, line: bytes) -> Answer | None:
        """The answer to a command; None where it has been given."""
        verb, _, arguments = line.decode("utf-8", "surrogateescape").partition(" ")
        handler = _COMMANDS.get(verb.upper())
        if handler is None:
            return replies.UNKNOWN
        self._idle += handler in _IDLE
        try:
            return await handler(self, arguments.strip(" "))
        except WiciError as error:
            return replies.answer_to(error)

    # Greetings and TLS

    async def _ehlo(self, arguments: str) -> Answer | None:
        if not syntax.is_hello(arguments):
            return replies.BAD_SYNTAX
        self._forget_envelope()
        self.hello = arguments
        lines = [self._desk.name, "PIPELINING", f"SIZE {self._desk.most_octets}", "8BITMIME", "SMTPUTF8"]
        lines += ["CHUNKING", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN" if self._wire.is_secure else "STARTTLS"]
        told = [f"250{' ' if number == len(lines) else '-'}{line}\r\n" for number, line in enumerate(lines, start=1)]
        await self._wire.write("".join(told).encode("ascii"))
        return None

    async def _helo(self, arguments: str) -> Answer | None:
        if not syntax.is_hello(arguments):
            return replies.BAD_SYNTAX
        self._forget_envelope()
        self.hello = arguments
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
        self.hello = ""
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
        envelope = syntax.mail(arguments, self._desk.most_octets)
        if isinstance(envelope, Answer):
            return envelope
        if self._messages >= MOST_MESSAGES:
            return replies.STOPPING
        self.envelope = envelope
        return replies.SENDER_OK

    async def _rcpt(self, arguments: str) -> Answer | None:
        if refusal := self._not_ready():
            return refusal
        if self.envelope is None or self.login is None or self.envelope.chunks is not None:
            return replies.BAD_SEQUENCE
        address = syntax.recipient(arguments)
        if isinstance(address, Answer):
            return address
        if len(self.envelope.recipients) >= self._desk.most_recipients:
            return replies.TOO_MANY_RECIPIENTS
        try:
            await self._desk.recipient(self.login, address)
        except WiciError as error:  # who has asked for no more mail is no fault of whoever hands it in
            return replies.answer_to(error)._replace(counts=False)
        self.envelope.recipients.setdefault(address.casefold(), address)
        return replies.RECIPIENT_OK

    async def _data(self, arguments: str) -> Answer | None:
        if refusal := self._not_ready():
            return refusal
        if arguments:
            return replies.BAD_SYNTAX
        if self.envelope is None or self.login is None or self.envelope.chunks is not None:
            return replies.BAD_SEQUENCE
        if not self.envelope.recipients:
            return replies.NO_RECIPIENTS
        await self._wire.write(b"354 End data with <CR><LF>.<CR><LF>\r\n")
        try:
            received = await self._wire.message(
                self._desk.most_octets, self._room(self.login, self.envelope), DATA_IDLE_SECONDS, DATA_SECONDS
            )
            return await self._received(self.login, self.envelope, received)
        finally:
            self._forget_envelope()

    async def _bdat(self, arguments: str) -> Answer | None:
        """A mail in pieces of a length that is told (RFC 3030). Each comes whatever is wrong: it must not be taken
        for commands."""
        said = syntax.chunk(arguments)
        if refusal := self._not_ready() or (replies.BAD_SYNTAX if said is None else None):
            return refusal._replace(ends=True)
        assert said is not None and self.login is not None
        size, is_last = said
        envelope = self.envelope
        if size > MOST_CHUNKS * self._desk.most_octets:
            return replies.TOO_LARGE._replace(ends=True)
        if envelope is None or not envelope.recipients:
            await self._wire.octets(size, _no_room, DATA_IDLE_SECONDS, DATA_SECONDS)
            return replies.BAD_SEQUENCE if envelope is None else replies.NO_RECIPIENTS
        is_over = True
        try:
            answer = await self._chunk(self.login, envelope, size, is_last=is_last)
            is_over = is_last or answer.code != 250
            return answer
        finally:
            if is_over:
                self._forget_envelope()

    async def _chunk(self, login: Login, envelope: Envelope, size: int, *, is_last: bool) -> Answer:
        now = asyncio.get_running_loop().time()
        if envelope.chunks is None or envelope.until is None:
            envelope.chunks, envelope.until = bytearray(), now + DATA_SECONDS
        kept, seconds = envelope.chunks, envelope.until - now
        is_too_large = len(kept) + size > self._desk.most_octets
        room = _no_room if is_too_large else self._room(login, envelope)
        octets = await self._wire.octets(size, room, DATA_IDLE_SECONDS, seconds)
        if is_too_large:
            return replies.TOO_LARGE
        if octets is None:
            return replies.NO_ROOM
        kept += octets
        if not is_last:
            return replies.CHUNK_KEPT
        if not kept.endswith(b"\r\n"):  # it leaves by DATA, where its last line has an end
            kept += b"\r\n"
        return await self._received(login, envelope, Received(bytes(kept), len(kept)))

    def _room(self, login: Login, envelope: Envelope) -> Callable[[int], bool]:
        """Asks for room for so many octets more of the mail."""

        def grow(octets: int) -> bool:
            may = self._desk.grow(login, octets)
            envelope.held += octets if may else 0
            return may

        return grow

    def _forget_envelope(self) -> None:
        if self.envelope is not None and self.login is not None:
            self._desk.shrink(self.login, self.envelope.held)
        self.envelope = None

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
        self._errors = self._idle = 0
        return Answer(250, "2.0.0", f"Accepted as {trace}")

    async def _rset(self, arguments: str) -> Answer | None:
        self._forget_envelope()
        return replies.BAD_SYNTAX if arguments else replies.RESET

    async def _noop(self, _arguments: str) -> Answer | None:
        return replies.OK

    async def _quit(self, _arguments: str) -> Answer | None:
        return replies.BYE

    async def _vrfy(self, _arguments: str) -> Answer | None:
        return self._not_ready() or replies.NOT_VERIFIED


def _no_room(_octets: int) -> bool:
    return False


_Handler = Callable[[Session, str], Awaitable[Answer | None]]
_COMMANDS: dict[str, _Handler] = {
    "EHLO": Session._ehlo,
    "HELO": Session._helo,
    "STARTTLS": Session._starttls,
    "AUTH": Session._auth,
    "MAIL": Session._mail,
    "RCPT": Session._rcpt,
    "DATA": Session._data,
    "BDAT": Session._bdat,
    "RSET": Session._rset,
    "NOOP": Session._noop,
    "QUIT": Session._quit,
    "VRFY": Session._vrfy,
    "EXPN": Session._vrfy,
}
_IDLE = (Session._ehlo, Session._helo, Session._rset, Session._noop, Session._vrfy)
