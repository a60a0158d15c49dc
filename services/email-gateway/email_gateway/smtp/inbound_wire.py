"""The bytes of a connection that comes in: lines that end with CRLF, and a message that ends with CRLF.CRLF.

Nothing else ends anything (RFC 5321, section 2.3.8): a bare LF or CR in a command is an error, and in a message it is
told, so that no two servers can cut what came into different messages (SMTP smuggling, CVE-2023-51764).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

FULL, ROOM = 256 * 1024, 64 * 1024  # octets that wait to be read: reading stops, and goes on
HANDSHAKE_SECONDS = 20.0
CLOSE_SECONDS = 5.0  # for what was written to go out
GATHERED = 16 * 1024  # octets of replies that wait for each other
_END = b"\r\n.\r\n"


class Closed(Exception):
    """The peer has gone, or its connection was given up."""


class BadLine(Exception):
    """A line with a NUL, or that does not end with CRLF."""


class TooLong(Exception):
    """A line without an end. What follows cannot be told from the line: the connection is over."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came, without its dots; None where there was no room for it."""

    octets: bytes | None
    size: int


class InboundWire(asyncio.Protocol):
    """One connection; `serve(wire)` is run as a task once it is made."""

    def __init__(self, serve: Callable[[InboundWire], None]) -> None:
        self._serve = serve
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._wakes = asyncio.Event()
        self._may_write = asyncio.Event()
        self._is_lost = asyncio.Event()
        self._closing: asyncio.TimerHandle | None = None
        self._may_write.set()
        self._told = bytearray()
        self._is_over = self._is_paused = False
        self.is_secure = False
        self.address = ""

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        is_first, self._transport = self._transport is None, transport  # type: ignore[assignment]
        if is_first:
            self.address = str((transport.get_extra_info("peername") or ("",))[0])
            self._serve(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > FULL and self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._wakes.set()

    def eof_received(self) -> bool:
        self._is_over = True
        self._wakes.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over = True
        self._wakes.set()
        self._may_write.set()
        self._is_lost.set()
        if self._closing is not None:
            self._closing.cancel()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    # Reading

    @property
    def holds_more(self) -> bool:
        """Whether something came that nobody has read."""
        return bool(self._buffer)

    async def line(self, most: int, seconds: float) -> bytes:
        """The next line without its end.

        :raises Closed: the peer has gone. :raises TimeoutError: it took too long.
        :raises BadLine: it is no line of SMTP, and is gone. :raises TooLong: it is longer than `most` octets.
        """
        if (end := self._buffer.find(b"\n")) < 0:
            async with asyncio.timeout(seconds):
                end = await self._end_of_line(most)
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._resume()
        if len(line) > most:
            raise TooLong
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            raise BadLine
        return line[:-2]

    async def _end_of_line(self, most: int) -> int:
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            if len(self._buffer) > most:
                raise TooLong
            looked = len(self._buffer)
            await self._more()
        return end

    async def message(self, most: int, grow: Callable[[int], bool], idle_seconds: float, seconds: float) -> Received:
        """A message up to its end, which is read whatever its size.

        :param grow: asked for room for so many octets more; after a no the rest is read and forgotten.
        :raises Closed, TimeoutError: it did not come to its end. :raises TooLong: it is far larger than `most`.
        """
        kept, size, is_kept, looked = bytearray(), 0, True, 0
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with asyncio.timeout(min(idle_seconds, seconds)) as patience:
            while True:
                chunk = bytes(self._buffer)
                self._buffer.clear()
                self._resume()
                size += len(chunk)
                kept += chunk
                if size == len(kept) and kept.startswith(b".\r\n"):
                    return self._ended(kept, 0, 3, size, is_kept)
                if (end := kept.find(_END, looked)) >= 0:
                    return self._ended(kept, end + 2, end + len(_END), size, is_kept)
                if size > 4 * most + FULL:
                    raise TooLong
                if is_kept and (size > most + FULL or not grow(len(chunk))):
                    is_kept = False
                if not is_kept:
                    del kept[:-4]
                looked = max(0, len(kept) - 4)
                await self._more()
                patience.reschedule(min(loop.time() + idle_seconds, until))

    def _ended(self, kept: bytearray, end: int, rest: int, size: int, is_kept: bool) -> Received:
        self._buffer[:0] = kept[rest:]
        size -= len(kept) - end
        if not is_kept:
            return Received(None, size)
        octets = bytes(kept[:end])
        if octets.startswith(b"."):
            octets = octets[1:]
        return Received(octets.replace(b"\r\n.", b"\r\n"), size)

    async def octets(
        self, count: int, grow: Callable[[int], bool], idle_seconds: float, seconds: float
    ) -> bytes | None:
        """So many octets, whatever they are (RFC 3030); None where there was no room: they are read and forgotten.

        :param grow: as for `message`. :raises Closed, TimeoutError: they did not all come.
        """
        kept, left, is_kept = bytearray(), count, True
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        async with asyncio.timeout(min(idle_seconds, seconds)) as patience:
            while True:
                chunk = bytes(self._buffer[:left])
                del self._buffer[: len(chunk)]
                self._resume()
                left -= len(chunk)
                is_kept = is_kept and grow(len(chunk))
                if is_kept:
                    kept += chunk
                if not left:
                    return bytes(kept) if is_kept else None
                await self._more()
                patience.reschedule(min(loop.time() + idle_seconds, until))

    async def _more(self) -> None:
        if self._is_over:
            raise Closed
        self._wakes.clear()
        await self._wakes.wait()
        if self._is_over and not self._buffer:
            raise Closed

    def _resume(self) -> None:
        if self._is_paused and len(self._buffer) < ROOM and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    # Writing

    async def write(self, octets: bytes, seconds: float = 60.0) -> None:
        """Replies to commands that came at once go out at once (RFC 2920, section 3.2), when the loop has its turn.

        :raises Closed: the peer has gone. :raises TimeoutError: it does not read what it is told."""
        if self._is_over or self._transport is None:
            raise Closed
        if not self._told:
            asyncio.get_running_loop().call_soon(self._flush)
        self._told += octets
        if len(self._told) > GATHERED:
            self._flush()
        if not self._may_write.is_set():
            self._flush()
            async with asyncio.timeout(seconds):
                await self._may_write.wait()

    def _flush(self) -> None:
        if self._told and self._transport is not None and not self._is_lost.is_set():
            self._transport.write(bytes(self._told))
        self._told.clear()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """:raises Closed: the handshake failed. Cancelled, it leaves nothing that could be written to."""
        assert self._transport is not None
        self._flush()
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport, self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        except (OSError, ssl.SSLError, TimeoutError):
            transport = None
        except asyncio.CancelledError:
            self._give_up()
            raise
        if transport is None:
            self._give_up()
            raise Closed
        self._transport, self.is_secure = transport, True

    def _give_up(self) -> None:
        """In a handshake: asyncio does not tell the loss of a connection that never was one of TLS."""
        self.abort()
        self._is_lost.set()

    def close(self) -> None:
        """After what was written has gone out; a peer that does not read it has `CLOSE_SECONDS`."""
        self._flush()
        self._is_over = True
        if self._transport is not None and self._closing is None and not self._is_lost.is_set():
            self._transport.close()
            self._closing = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._transport.abort)

    async def lost(self) -> None:
        """Until the connection is no more: what is closed and not lost still costs a socket and a buffer."""
        await self._is_lost.wait()

    def abort(self) -> None:
        self._is_over = True
        self._told.clear()
        if self._transport is not None:
            self._transport.abort()
