"""One POST to a stranger's endpoint: bounded in time, memory and where it may lead.

The name is resolved once, each address judged, and exactly that address connected to; TLS and `Host` go by the name. No
redirect is followed, and of the answer the status and `Retry-After` are read and nothing else: its body is the
stranger's, however long.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import dns.asyncresolver
import dns.exception
import h11

from chassis.public_addresses import Networks, is_in, may_connect
from contracts.domains import ascii_domain
from reporting.domain.webhooks import Answer

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
# Of an answer's head; h11 refuses a longer one.
MOST_HEAD = 16_384
READ_AT_ONCE = 4096
# Answers of 1xx before the one that counts, and all that is read until it: whoever sends more holds the loop.
MOST_INFORMATIONAL = 5
MOST_READ = 65_536
USER_AGENT = "Wici-Webhooks/1"

Resolve = Callable[[str], Awaitable[list[str]]]


class Refused(Exception):
    """Nothing is sent, or no answer came: `str()` is the word for it in the log of deliveries."""


@dataclass(frozen=True)
class Poster:
    """Posts to endpoints.

    :param resolve: addresses of a host, as text; OSError where there are none.
    :param allowed: networks that are not public, and where an operator lets webhooks lead.
    """

    resolve: Resolve
    allowed: Networks
    tls: ssl.SSLContext
    connect_seconds: float = CONNECT_SECONDS
    total_seconds: float = TOTAL_SECONDS

    async def post(self, url: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """What came of it; never raises for anything that the endpoint does."""
        began = time.monotonic()
        status, error, retry_after = None, None, None
        try:
            async with asyncio.timeout(self.total_seconds):
                status, retry_after = await self._exchange(urlsplit(url), headers, body)
        except Refused as refusal:
            error = str(refusal)
        except TimeoutError:
            error = "timed_out"
        except ssl.SSLError:
            error = "tls_failed"
        except (OSError, EOFError):
            error = "connection_lost"
        except h11.RemoteProtocolError:
            error = "answer_unreadable"
        if status is not None and 300 <= status < 400:
            error = "redirect_not_followed"
        return Answer(status, error, round((time.monotonic() - began) * 1000), retry_after)

    async def _exchange(
        self, url: SplitResult, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, float | None]:
        reader, writer = await self._connected(url)
        try:
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
            writer.write(_request(connection, url, headers, body))
            await _drained(writer)
            return await _answer(connection, reader)
        finally:
            # At once: whoever sends for ever, or reads nothing, keeps nothing of us.
            writer.transport.abort()

    async def _connected(self, url: SplitResult) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            host = ascii_domain(url.hostname or "")
            port = url.port or (443 if url.scheme == "https" else 80)
        except ValueError:
            raise Refused("url_invalid") from None
        try:
            async with asyncio.timeout(self.connect_seconds):
                return await self._first_of(await self._places(url.scheme, host), url.scheme, host, port)
        except TimeoutError:
            raise Refused("connect_timed_out") from None

    async def _places(self, scheme: str, host: str) -> list[str]:
        """Addresses of the host that may be connected to."""
        try:
            found = await self.resolve(host)
        except (OSError, UnicodeError):
            raise Refused("name_not_found") from None
        places = [place for place in dict.fromkeys(found) if may_connect(place, self.allowed)]
        if not places:
            raise Refused("address_not_public")
        if scheme != "https":
            places = [place for place in places if is_in(ip_address(place.partition("%")[0]), self.allowed)]
            if not places:
                raise Refused("https_required")
        return places

    async def _first_of(
        self, places: list[str], scheme: str, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls = {"ssl": self.tls, "server_hostname": host} if scheme == "https" else {}
        failure: OSError = ConnectionError()
        for place in places:
            try:
                return await asyncio.open_connection(place, port, limit=MOST_HEAD, **tls)  # type: ignore[arg-type]
            except ssl.SSLError:
                raise
            except OSError as error:
                failure = error
        raise Refused("connection_refused") from failure


async def resolve_by_dns(host: str) -> list[str]:
    """By DNS alone, on the loop: a name server that does not answer holds no thread. An address is itself."""
    if _is_address(host):
        return [host]
    try:
        found = await dns.asyncresolver.Resolver().resolve_name(host, lifetime=CONNECT_SECONDS)
    except dns.exception.DNSException as error:
        raise OSError("no address") from error
    return list(found.addresses())


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _request(connection: h11.Connection, url: SplitResult, headers: list[tuple[str, str]], body: bytes) -> bytes:
    target = f"{url.path or '/'}{'?' + url.query if url.query else ''}"
    all_headers = [
        ("Host", url.netloc),
        ("User-Agent", USER_AGENT),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        *headers,
    ]
    try:
        head = connection.send(h11.Request(method="POST", target=target, headers=all_headers))
    except h11.LocalProtocolError:
        raise Refused("url_invalid") from None
    return b"".join(
        (head or b"", connection.send(h11.Data(data=body)) or b"", connection.send(h11.EndOfMessage()) or b"")
    )


async def _drained(writer: asyncio.StreamWriter) -> None:
    """An endpoint may answer, and close, before it has read everything: then its answer counts."""
    try:
        await writer.drain()
    except ConnectionError:
        return


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[int, float | None]:
    informational, read = 0, 0
    while informational <= MOST_INFORMATIONAL and read <= MOST_READ:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            received = await reader.read(READ_AT_ONCE)
            if not received:
                raise EOFError
            read += len(received)
            connection.receive_data(received)
        elif isinstance(event, h11.Response):
            return event.status_code, _retry_after(event.headers)
        elif isinstance(event, h11.InformationalResponse):
            informational += 1
        else:
            raise EOFError
        # What has arrived already is read without a wait: the other requests have their turn.
        await asyncio.sleep(0)
    raise Refused("answer_unreadable")


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    """Seconds, as a number or until a date (RFC 9110 section 10.2.3)."""
    for name, value in headers:
        if name == b"retry-after":
            text = value.decode("latin-1").strip()
            if text.isascii() and text.isdigit():
                return float(text[:9])
            try:
                return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0.0)
            except (ValueError, TypeError):
                return None
    return None
