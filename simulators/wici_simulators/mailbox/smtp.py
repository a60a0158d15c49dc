"""The SMTP side: a server in one asyncio protocol, pipelining, STARTTLS where a certificate is given."""

from __future__ import annotations

import asyncio
import ssl

from wici_simulators.mailbox.box import Box
from wici_simulators.mailbox.rules import Fate, fate

MAX_LINE = 4096
MAX_MESSAGE = 32 * 1024 * 1024
_END = b"\r\n.\r\n"


class Receiver(asyncio.Protocol):
    """One connection."""

    def __init__(self, box: Box, tls: ssl.SSLContext | None = None) -> None:
        self._box, self._tls = box, tls
        self._buffer = bytearray()
        self._in_message = False
        self._scanned = 0
        self._paused = False
        self._forget()

    def _forget(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._box.counts["connections"] += 1
        self._transport.write(b"220 mailbox.example ESMTP simulator\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._paused:
            self._work()

    def _work(self) -> None:
        """Handle what is complete in the buffer; the replies leave in one write."""
        replies: list[bytes] = []
        while not self._paused:
            step = self._message() if self._in_message else self._command()
            if step is None:
                break
            replies.append(step)
        if replies:
            self._transport.write(b"".join(replies))

    def _command(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE:
                self._buffer.clear()
                return self._leave(b"500 5.5.2 line too long\r\n")
            return None
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        verb, _, argument = line.partition(b" ")
        handler = _COMMANDS.get(verb.upper())
        if handler is None:
            return b"500 5.5.2 unknown command\r\n"
        return handler(self, argument.decode("utf-8", "replace"))

    def _message(self) -> bytes | None:
        if self._buffer.startswith(b".\r\n"):
            octets, length = b"", 3
        else:
            end = self._buffer.find(_END, max(0, self._scanned - len(_END)))
            if end < 0:
                self._scanned = len(self._buffer)
                return self._leave(b"552 5.3.4 too big\r\n") if self._scanned > MAX_MESSAGE else None
            octets, length = bytes(self._buffer[: end + 2]), end + len(_END)
        del self._buffer[:length]
        self._in_message, self._scanned = False, 0
        if octets.startswith(b"."):
            octets = octets[1:]
        reply = self._take(octets.replace(b"\r\n..", b"\r\n."))
        if self._box.settings.delay_ms:
            self._paused = True
            asyncio.get_running_loop().call_later(self._box.settings.delay_ms / 1000, self._resume, reply)
            return b""
        return reply

    def _resume(self, reply: bytes) -> None:
        self._paused = False
        if not self._transport.is_closing():
            self._transport.write(reply)
            self._work()

    def _take(self, octets: bytes) -> bytes:
        sender, recipients = self._sender or "", self._recipients
        self._forget()
        if any(fate(address, self._box.settings) is Fate.SPAM for address in recipients):
            for address in recipients:
                self._box.refuse(address, Fate.SPAM)
            return b"550 5.7.1 Message rejected as spam\r\n"
        for address in recipients:
            self._box.keep(sender, address, octets)
        return b"250 2.0.0 kept as %d\r\n" % len(self._box.mails)

    def _leave(self, reply: bytes) -> bytes:
        asyncio.get_running_loop().call_soon(self._transport.close)
        return reply

    # Commands

    def _ehlo(self, _argument: str) -> bytes:
        self._forget()
        starttls = b"250-STARTTLS\r\n" if self._tls and not self._transport.get_extra_info("sslcontext") else b""
        return (
            b"250-mailbox.example\r\n250-PIPELINING\r\n250-SIZE 33554432\r\n250-8BITMIME\r\n"
            + starttls
            + b"250 ENHANCEDSTATUSCODES\r\n"
        )

    def _helo(self, _argument: str) -> bytes:
        self._forget()
        return b"250 mailbox.example\r\n"

    def _mail(self, argument: str) -> bytes:
        if self._sender is not None:
            return b"503 5.5.1 one at a time\r\n"
        path = _path(argument, "FROM:")
        if path is None:
            return b"501 5.5.4 MAIL FROM:<address>\r\n"
        self._sender = path
        return b"250 2.1.0 ok\r\n"

    def _rcpt(self, argument: str) -> bytes:
        if self._sender is None:
            return b"503 5.5.1 MAIL first\r\n"
        address = _path(argument, "TO:")
        if not address or "@" not in address:
            return b"501 5.1.3 RCPT TO:<address>\r\n"
        decided = fate(address, self._box.settings)
        if decided is Fate.HARD:
            self._box.refuse(address, decided)
            return b"550 5.1.1 No such user here\r\n"
        if decided is Fate.SOFT:
            self._box.refuse(address, decided)
            return b"552 5.2.2 Mailbox full\r\n"
        if decided is Fate.DEFER and self._box.is_first_try(self._sender, address):
            self._box.refuse(address, decided)
            return b"451 4.7.1 Greylisted, come back later\r\n"
        self._recipients.append(address)
        return b"250 2.1.5 ok\r\n"

    def _data(self, _argument: str) -> bytes:
        if not self._recipients:
            return b"503 5.5.1 no valid recipients\r\n"
        self._in_message = True
        return b"354 go ahead\r\n"

    def _rset(self, _argument: str) -> bytes:
        self._forget()
        return b"250 2.0.0 ok\r\n"

    def _noop(self, _argument: str) -> bytes:
        return b"250 2.0.0 ok\r\n"

    def _quit(self, _argument: str) -> bytes:
        return self._leave(b"221 2.0.0 bye\r\n")

    def _starttls(self, _argument: str) -> bytes:
        if self._tls is None or self._transport.get_extra_info("sslcontext"):
            return b"502 5.5.1 not here\r\n"
        self._buffer.clear()
        self._forget()
        self._transport.write(b"220 2.0.0 go ahead\r\n")
        self._paused = True
        self._upgrade = asyncio.get_running_loop().create_task(self._encrypt())
        return b""

    async def _encrypt(self) -> None:
        assert self._tls is not None
        try:
            transport = await asyncio.get_running_loop().start_tls(self._transport, self, self._tls, server_side=True)
        except (OSError, ssl.SSLError):
            self._transport.abort()
            return
        if transport is not None:
            self._transport = transport
        self._paused = False
        self._work()


_COMMANDS = {
    b"EHLO": Receiver._ehlo,
    b"HELO": Receiver._helo,
    b"MAIL": Receiver._mail,
    b"RCPT": Receiver._rcpt,
    b"DATA": Receiver._data,
    b"RSET": Receiver._rset,
    b"NOOP": Receiver._noop,
    b"QUIT": Receiver._quit,
    b"STARTTLS": Receiver._starttls,
}


def _path(argument: str, keyword: str) -> str | None:
    """The address in `FROM:<a@b> SIZE=1`, or None."""
    if not argument.upper().startswith(keyword):
        return None
    path, closed, _ = argument[len(keyword) :].strip().partition(">")
    return path[1:] if closed and path.startswith("<") else None
