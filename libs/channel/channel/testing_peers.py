"""For tests of wires: a provider on a raw socket that does whatever it is told, and what it was asked meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

PIECE = 64 * 1024


class Asked(NamedTuple):
    """One request of HTTP/1.1."""

    line: str
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """As the provider has it."""

    def __init__(self, provider: RawProvider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.provider, self.reader, self.writer = provider, reader, writer

    async def request(self) -> Asked:
        """The next one, whole. :raises IncompleteReadError: there is none."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.split("\r\n")
        pairs = (each.partition(":") for each in lines if each)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(line, headers, body)
        self.provider.asked.append(asked)
        return asked

    async def say(self, octets: bytes) -> None:
        self.writer.write(octets)
        self.provider.said += len(octets)
        await self.writer.drain()

    async def wait(self) -> None:
        """Until the other side has gone."""
        while await self.reader.read(PIECE):
            pass

    def reset(self) -> None:
        """Ends it as a machine does that has forgotten it: RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Play = Callable[[Connection], Awaitable[None]]


class RawProvider:
    """:param play: what is done on each connection, which is closed after it; another one may be put in its place."""

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None) -> None:
        self.play, self._tls = play, tls
        self.asked: list[Asked] = []
        self.connections = self.said = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> RawProvider:
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def calm(self, play: Play) -> None:
        """From now on that, on new connections."""
        self.play = play
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # for their ends to be on the wire

    @property
    def url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._run(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            try:
                await self.play(Connection(self, reader, writer))
            finally:
                writer.close()


# --- plays


def answer(status: int | str, body: bytes = b"", *headers: str) -> bytes:
    """One of HTTP/1.1, whole. :param status: with its phrase, or without."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def saying(*octets: bytes, then_waits: bool = False) -> Play:
    """To one request that; to the second one nothing."""

    async def play(connection: Connection) -> None:
        await connection.request()
        for some in octets:
            await connection.say(some)
        if then_waits:
            await connection.wait()

    return play


def answering(respond: Callable[[Asked], bytes]) -> Play:
    """As a provider should, for as long as it is asked."""

    async def play(connection: Connection) -> None:
        while True:
            await connection.say(respond(await connection.request()))

    return play


def endless(begin: bytes, piece: bytes, rest: float = 0.0) -> Play:
    """:param rest: seconds between pieces."""

    async def play(connection: Connection) -> None:
        await connection.request()
        await connection.say(begin)
        while True:
            await connection.say(piece)
            await asyncio.sleep(rest)

    return play


async def silent(connection: Connection) -> None:
    await connection.wait()


async def closing(connection: Connection) -> None:
    """At once."""


async def closing_after_a_line(connection: Connection) -> None:
    await connection.reader.readline()


async def resetting(connection: Connection) -> None:
    await connection.request()
    connection.reset()


def bomb(octets: int = 512 * 1024 * 1024) -> bytes:
    """So many spaces, in a thousandth of the room."""
    return gzip.compress(b" " * 1024 * 1024) * (octets // (1024 * 1024))
