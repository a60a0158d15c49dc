"""One connection to the mailroom: aiosmtpd's SMTP server (RFC 5321), held to stricter manners.

- Lines end with CRLF and with nothing else: what one server takes for the end of a mail and the next one does not is
  how a mail smuggles a second one.
- What is sent behind STARTTLS before TLS is on ends the connection; it would otherwise be taken for a command that was
  sent safely (RFC 3207 section 6).
- A command, a mail and the whole session have a timer each, whatever trickles in.
- Of a mail no more is held than there is room for, line ends or none: the server's own `smtp_DATA` keeps a line without
  an end for as long as it comes.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, syntax

from email_gateway.mailroom.doors import Doors
from email_gateway.smtp.inbound_wire import Received, TooLong

# It logs addresses and, at debug level, whole mails.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
logging.getLogger("mail.debug").setLevel(logging.CRITICAL)

CHUNK = 64 * 1024  # octets of what is read at once, and of a command that is read to be refused
FAR_TOO_MUCH = 4  # sizes of a mail: what is longer is read to its end, to be told so, and what is longer yet is not
_END = b"\r\n.\r\n"
MOST_OF_A_COMMAND = 200  # how often one command may be given in a session
MOST_IN_VAIN = 10  # recipients refused
TOO_LARGE, NO_ROOM = "552 5.3.4 Too large", "452 4.3.1 Too much comes in, try again later"


class BareLineEnd(Exception):
    """A line ended otherwise than with CRLF."""


class StrictLines:
    """aiosmtpd's reader, which takes bare LF for the end of a command's line."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        line = await self._reader.readuntil(separator)
        if not line.endswith(b"\r\n"):
            raise BareLineEnd
        return line

    async def message(self, most: int, grow: Callable[[int], bool]) -> Received:
        """A mail up to its end; its octets are None where it is larger than `most`, or had no room.

        :param grow: asked for room for so many octets more.
        :raises TooLong: it is far larger. :raises ConnectionError: the peer left before its end.
        """
        kept, size, looked, is_kept = bytearray(b"\r\n"), 0, 0, True  # as if a line had ended: a dot may come first
        while (end := kept.find(_END, looked)) < 0:
            if not is_kept:
                del kept[:-4]
            looked = max(0, len(kept) - 4)
            chunk = await self._reader.read(CHUNK)
            if not chunk:
                raise ConnectionError
            size += len(chunk)
            if size > FAR_TOO_MUCH * most + CHUNK:
                raise TooLong
            kept += chunk
            is_kept = is_kept and size <= most + CHUNK and grow(len(chunk))
        rest = kept[end + len(_END) :]
        self._reader._buffer[:0] = rest  # type: ignore[attr-defined]
        size -= len(rest) + 3
        if not is_kept or size > most:
            return Received(None, size)
        return Received(bytes(kept[: end + 2].replace(b"\r\n.", b"\r\n")[2:]), size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def has_more(self) -> bool:
        """Whether something has come that was not read."""
        return bool(self._reader._buffer)  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in octets, times in seconds."""

    hostname: str
    most_octets: int
    command_seconds: float
    session_seconds: float


class Connection(SMTP):
    """:param handler: what is done with recipients and mails (`reception.Reception`)."""

    line_length_limit = CHUNK

    def __init__(self, handler: Any, doors: Doors, limits: Limits, context: ssl.SSLContext | None) -> None:
        super().__init__(
            handler,
            data_size_limit=limits.most_octets,
            hostname=limits.hostname,
            ident="ESMTP",
            tls_context=context,
            timeout=limits.command_seconds,
            command_call_limit=MOST_OF_A_COMMAND,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._doors = doors
        self._most_octets = limits.most_octets
        self._session_seconds = limits.session_seconds
        self._end: asyncio.TimerHandle | None = None
        self._address = ""
        self._is_inside = False
        self.refused_recipients = 0
        self.is_storing = False
        self.on_end: Callable[[], object] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._is_inside:  # once more, over TLS
            super().connection_made(transport)
            return
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if peer else ""
        if not self._doors.enter(self._address):
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(b"421 4.7.0 Too many connections, try again later\r\n")
            transport.close()
            return
        self._is_inside = True
        self._end = self.loop.call_later(self._session_seconds, transport.abort)  # type: ignore[attr-defined]
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.on_end()
        if not self._is_inside:
            return
        self._is_inside = False
        self._doors.leave(self._address)
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._is_inside:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self._is_inside else False

    def _cb_client_connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines = StrictLines(reader)
        self._reader = self._lines  # type: ignore[assignment]
        self._writer = writer

    def _timeout_cb(self) -> None:
        """Who does not read would hold `close` up as well."""
        if self.transport is not None and not self.is_storing:
            self.transport.abort()  # type: ignore[attr-defined]

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address in a command and what follows it; None: there is none.

        Python's parser of addresses ends in the middle of some (`<`, `<@`, `"`, `a@[`) with whatever its code met.
        """
        try:
            return super()._getaddr(arg)
        except (IndexError, AttributeError, UnboundLocalError):
            return None, None

    async def smtp_STARTTLS(self, arg: str) -> None:
        if self._lines.has_more():
            await self.push("501 5.5.1 Nothing may follow STARTTLS")
            self.hang_up()
            return
        await super().smtp_STARTTLS(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        if await self.check_helo_needed():
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
        elif self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Say RCPT first")
        else:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self._take_mail(self.envelope)

    async def _take_mail(self, envelope: Envelope) -> None:
        held = 0

        def grow(octets: int) -> bool:
            nonlocal held
            may = self._doors.hold(self._address, octets)
            held += octets if may else 0
            return may

        try:
            received = await self._lines.message(self._most_octets, grow)
            if received.octets is not None:
                envelope.content = envelope.original_content = received.octets
                answer = await self._call_handler_hook("DATA")
            else:
                answer = TOO_LARGE if received.size > self._most_octets else NO_ROOM
            await self.push(answer)
        except TooLong:
            await self.push(TOO_LARGE)
            self.hang_up()
        finally:
            self._doors.release(self._address, held)
            self._set_post_data_state()

    async def smtp_VRFY(self, arg: str | None) -> None:
        await self.push("252 2.5.0 Send some mail, I will try my best")

    async def smtp_AUTH(self, arg: str) -> None:
        await self.push("502 5.5.1 No accounts here")

    def hang_up_when_idle(self) -> None:
        """The process ends: a mail that is being kept is still answered, and whoever is elsewhere comes again."""
        if self.is_storing:
            self.loop.call_later(0.05, self.hang_up_when_idle)
        elif self._is_inside and self.transport is not None:
            self.transport.write(b"421 4.3.2 Closing\r\n")  # type: ignore[attr-defined]
            self.hang_up()

    def hang_up(self) -> None:
        """After what was written."""
        if self.transport is not None:
            self.transport.close()
