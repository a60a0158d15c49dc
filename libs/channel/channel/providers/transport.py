"""Answers come whole, in time and of a size, or not at all; and what has certainly not left is told from the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakValueDictionary

import h2.errors
import h2.events
import httpcore
import httpx

HEARING_SECONDS = 1.0  # for the rest of what an idle connection has begun to say
MOST_ANSWER = 1024 * 1024  # octets: Google names up to ten thousand phones in one
# A cookie of one account's answer would go out with the others' requests, and nobody counts them. What is compressed is
# read as it is: nobody asked for that, and a few octets of it may be as much as one likes.
_DROPPED = frozenset({b"set-cookie", b"content-encoding", b"content-length", b"transfer-encoding"})
# Nobody is there, or no connection is free: said as it is.
_NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class NotSent(httpx.TransportError):
    """The request has not left whole, or the server says that it did not look at it: the message is nowhere."""


class _TooLong(httpx.RemoteProtocolError):
    pass


class _Connections:
    """Of a provider, until they are not trusted any more. `users`: requests that are under way over them."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport, self.users = transport, 0


def _origin(url: httpx.URL) -> httpcore.Origin:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/").origin


def _users(connections: _Connections) -> int:
    return connections.users


class _Way:
    """How far one request has got, as its connection tells; what the pool tries over another one begins anew."""

    def __init__(self, request: httpx.Request, limit: asyncio.Timeout, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._has_body = "content-length" in request.headers
        self._stream_id: int | None = None
        self._has_begun = self._is_out = self._is_whole = False
        self.is_http2 = False

    async def note(self, event: str, about: dict[str, Any]) -> None:
        """As httpcore calls it. The time for an answer is counted from here, not from the wait for a connection."""
        if event.endswith(".send_request_headers.started"):
            self._has_begun, self._is_out, self._is_whole = True, not self._has_body, False
            self.is_http2, self._stream_id = event.startswith("http2"), about.get("stream_id")
            self._limit.reschedule(asyncio.get_running_loop().time() + self._seconds)
        elif event.endswith(".send_request_body.complete"):
            self._is_whole = True

    async def body(self, given: httpx.AsyncByteStream) -> AsyncIterator[bytes]:
        async for piece in given:
            yield piece
        self._is_out = True  # of HTTP/2 the end of the stream follows

    def has_not_left(self, error: Exception) -> bool:
        """Whether no server can have taken it for a request."""
        if not self._has_begun:
            return True
        if self.is_http2:
            return not self._is_out or self._is_unprocessed(error)
        # What was being written when the time was over may be on its way yet.
        return not self._is_whole and not isinstance(error, httpx.WriteTimeout | TimeoutError)

    def _is_unprocessed(self, error: Exception) -> bool:
        """RFC 9113, sections 6.8 and 8.7."""
        said = error.__cause__.args[0] if error.__cause__ is not None and error.__cause__.args else None
        if isinstance(said, h2.events.StreamReset):
            return said.error_code == h2.errors.ErrorCodes.REFUSED_STREAM
        if isinstance(said, h2.events.ConnectionTerminated):
            return (self._stream_id or 0) > (said.last_stream_id or 0)
        return False


class _Body(httpx.AsyncByteStream):
    def __init__(self, way: _Way, given: httpx.AsyncByteStream) -> None:
        self._way, self._given = way, given

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._way.body(self._given)


class WholeAnswers(httpx.AsyncBaseTransport):
    """
    :param connect: makes a pool of connections. :param seconds: for an answer, all of it, however busy its connection
        is. :param most: octets of one. :param pools: small ones, since httpcore looks at each connection of a pool for
        each of its idle ones, twice a request: fifty in one cost ten times what the request does.
    """

    def __init__(
        self, connect: Callable[[], httpx.AsyncBaseTransport], seconds: float, most: int, *, pools: int = 1
    ) -> None:
        self._connect, self._seconds, self._most = connect, seconds, most
        self._pools = [_Connections(connect()) for _ in range(pools)]
        self._given_up: set[_Connections] = set()
        self._speaking_http2: set[str] = set()  # origins, as far as was heard
        self._hearing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # those in use

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """:raises httpx.TransportError: there is no answer; nothing else. :raises NotSent: there can be none."""
        origin = _origin(request.url)
        name = str(origin)
        connections = self._connections_to(name)
        connections.users += 1
        limit = asyncio.timeout(2 * self._seconds)
        way = _Way(request, limit, self._seconds)
        request.extensions = {**request.extensions, "trace": way.note}
        assert isinstance(request.stream, httpx.AsyncByteStream)
        request.stream = _Body(way, request.stream)
        try:
            async with limit:
                if name in self._speaking_http2:
                    await self._hear(connections.transport, origin)
                return await self._answer(connections.transport, request)
        except _NO_CONNECTION:
            raise
        except Exception as error:  # of HTTP, or of a library that did not expect what came
            if way.is_http2 and not isinstance(error, httpx.NetworkError) and not _is_told(error):
                self._give_up(connections)
            meaning = _meaning(error, way, request)
            if meaning is error:
                raise
            raise meaning from error
        finally:
            connections.users -= 1
            if way.is_http2:
                self._speaking_http2.add(name)
            await self._close_what_is_over()

    def _connections_to(self, origin: str) -> _Connections:
        """What is asked by HTTP/2 shares one connection; who speaks HTTP/1.1 has one for each request under way."""
        if origin in self._speaking_http2:
            return self._pools[hash(origin) % len(self._pools)]
        return min(self._pools, key=_users)

    async def _hear(self, transport: httpx.AsyncBaseTransport, origin: httpcore.Origin) -> None:
        lock = self._hearing.setdefault(str(origin), asyncio.Lock())
        async with lock:
            await _hear(transport, origin)

    async def _answer(self, transport: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
        response = await transport.handle_async_request(request)
        body = bytearray()
        try:
            assert isinstance(response.stream, httpx.AsyncByteStream)
            async for piece in response.stream:
                body += piece
                if len(body) > self._most:
                    raise _TooLong(f"more than {self._most} octets", request=request)
        finally:
            await _close_what_says_more(response)
            await response.aclose()
        kept = [(name, value) for name, value in response.headers.raw if name.lower() not in _DROPPED]
        return httpx.Response(response.status_code, headers=kept, content=bytes(body))

    def _give_up(self, connections: _Connections) -> None:
        """What follows goes over new ones. A stream of HTTP/2 that is left open takes a place among the few that the
        server allows, for as long as its connection lives; one of HTTP/1.1 is closed."""
        if connections in self._pools:
            self._given_up.add(connections)
            self._pools[self._pools.index(connections)] = _Connections(self._connect())

    async def _close_what_is_over(self) -> None:
        for connections in [one for one in self._given_up if not one.users]:
            self._given_up.discard(connections)
            await connections.transport.aclose()

    async def aclose(self) -> None:
        for connections in (*self._pools, *self._given_up):
            await connections.transport.aclose()
        self._given_up.clear()


async def _hear(transport: Any, origin: httpcore.Origin) -> None:
    """What idle connections of HTTP/2 were told meanwhile, their end among it: httpcore reads that behind the next
    request, of which nobody knows then whether it was taken."""
    for outer in list(getattr(getattr(transport, "_pool", None), "connections", ())):
        one = getattr(outer, "_connection", None)
        if not isinstance(one, httpcore.AsyncHTTP2Connection) or not one.can_handle_request(origin):
            continue
        if not (one.is_idle() and one.is_available()):
            continue
        if one._network_stream.get_extra_info("is_readable"):
            with suppress(Exception):  # it is marked as broken by that, and taken no more
                timeout = {"timeout": {"read": HEARING_SECONDS, "write": HEARING_SECONDS}}
                await one._receive_events(httpcore.Request("GET", "https://nobody.invalid/", extensions=timeout))


async def _close_what_says_more(response: httpx.Response) -> None:
    """Who has said more than one answer in HTTP/1.1 is not asked by that connection again: what is left of it would be
    taken for the answer to the next request, of whichever account. httpcore looks at the socket alone."""
    found: Any = response.stream
    for name in ("_httpcore_stream", "_stream", "_connection"):
        found = getattr(found, name, None)
    said = getattr(found, "_h11_state", None)
    if said is not None and said.trailing_data[0]:
        await found.aclose()


def _is_told(error: Exception) -> bool:
    """Whether the server has said it of a stream or of its connection, which then is in order, or over."""
    return isinstance(error, httpx.RemoteProtocolError) and not isinstance(error, _TooLong)


def _meaning(error: Exception, way: _Way, request: httpx.Request) -> httpx.TransportError:
    said = f"{type(error).__name__}: {error}"
    if way.has_not_left(error):
        return NotSent(said, request=request)
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("It did not come whole in time.", request=request)
    return error if isinstance(error, httpx.TransportError) else httpx.RemoteProtocolError(said, request=request)
