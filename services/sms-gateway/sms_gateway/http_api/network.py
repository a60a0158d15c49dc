"""Connections to HTTP carriers: kept alive, bounded in number, and never to where an operator has not let them lead.

A name is resolved here, each of its addresses judged, and exactly that one connected to: a second lookup may answer
otherwise (docs/decisions/0035). TLS goes by the name.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpcore

from chassis.public_addresses import Networks, is_in, may_connect
from sms_gateway.http_api.lookups import LookUps

KEEPALIVE_SECONDS = 30.0
CONNECT_SECONDS = 10.0


class Forbidden(httpcore.ConnectError):
    """The carrier's name leads to an address that is not public, or without TLS to one that is."""


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """:param allowed: networks that are not public, where carriers may be all the same; without TLS there alone."""

    def __init__(self, allowed: Networks, *, is_secure: bool, look_ups: LookUps | None = None) -> None:
        self._allowed, self._is_secure = allowed, is_secure
        self._network = httpcore.AnyIOBackend()
        self._look_ups = look_ups or LookUps()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """:param timeout: seconds for all of it: the look-up, each address in turn, and TLS after that."""
        until = time.monotonic() + (CONNECT_SECONDS if timeout is None else timeout)
        failure: Exception = httpcore.ConnectError("the host's name is not known")
        places = await self._places(host, port, until)
        for number, place in enumerate(places):
            seconds = (until - time.monotonic()) / (len(places) - number)
            if seconds <= 0:
                raise httpcore.ConnectTimeout("no address has taken the connection in time")
            try:
                stream = await self._network.connect_tcp(place, port, seconds, local_address, socket_options)
                return _Connecting(stream, until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Forbidden("a carrier has a host")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _places(self, host: str, port: int, until: float) -> list[str]:
        try:
            async with asyncio.timeout(until - time.monotonic()):
                found = await self._look_ups.places(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout("the host's name is looked for still") from None
        except OSError:
            raise httpcore.ConnectError("the host's name is not known") from None
        places = [place for place in found if self._may_connect(place)]
        if not places:
            raise Forbidden("the host's address is not public: see SMS_CARRIER_NETWORKS")
        return places

    def _may_connect(self, place: str) -> bool:
        if self._is_secure:
            return may_connect(place, self._allowed)
        return is_in(ip_address(place.partition("%")[0]), self._allowed)


class _Connecting(httpcore.AsyncNetworkStream):
    """A connection whose TLS has what is left of its time."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, until: float) -> None:
        self._stream, self._until = stream, until
        self.read, self.write = stream.read, stream.write  # type: ignore[method-assign]
        self.aclose, self.get_extra_info = stream.aclose, stream.get_extra_info  # type: ignore[method-assign]

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ConnectTimeout("there is no time left for TLS")
        return await self._stream.start_tls(ssl_context, server_hostname, left)


class Connections:
    """Connections to one carrier, those used last first. Each is a pool of one: httpcore looks through all of a pool's
    connections for each request."""

    def __init__(self, url: str, allowed: Networks) -> None:
        self._context = ssl.create_default_context()
        self._network = GuardedNetwork(allowed, is_secure=urlsplit(url).scheme == "https")
        self._all: list[httpcore.AsyncConnectionPool] = []
        self._idle: list[httpcore.AsyncConnectionPool] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpcore.AsyncConnectionPool]:
        taken = self._idle.pop() if self._idle else self._another()
        try:
            yield taken
        finally:
            self._idle.append(taken)

    async def aclose(self) -> None:
        for each in self._all:
            await each.aclose()

    def _another(self) -> httpcore.AsyncConnectionPool:
        made = httpcore.AsyncConnectionPool(
            ssl_context=self._context,
            max_connections=1,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=self._network,
        )
        self._all.append(made)
        return made
