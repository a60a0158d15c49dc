"""Whether the links of a draft answer, looked at from here before anybody gets them.

Links are strangers' words: a name is resolved, each address judged, and exactly that one connected to, redirects the
same (docs/decisions/0035); to public addresses and the ports of the web alone. Of an answer its head is read. It
happens in a process of its own, where waits are bounded and nobody else's work is (`chassis.confined`).
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from uuid import UUID

import dns.asyncresolver
import dns.exception

from chassis.confined import Confined, Exceeded
from chassis.public_addresses import Networks, is_in, may_connect
from contracts.domains import ascii_domain
from contracts.errors import TooManyRequests, Unavailable

MOST_LINKS = 30  # of one content
AT_ONCE, AT_ONCE_OF_HOST = 12, 4
SECONDS = 6.0  # for all of them
LINK_SECONDS, CONNECT_SECONDS = 4.0, 2.5
MOST_HOPS = 5
MOST_HEAD = 16_384
MOST_INFORMATIONAL = 5
WEB_PORTS = frozenset((80, 443))
USER_AGENT = "Mozilla/5.0 (compatible; Wici-LinkCheck/1)"
_PATIENCE_SECONDS = SECONDS + 3.0
_GONE = frozenset((404, 410))
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: |\r\n)")
_LOCATION = re.compile(rb"\r\nlocation:[ \t]*([^\r\n]*)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_NOT_PART = ".,;:!?)]»”"  # what ends a sentence rather than an address

_confined = Confined(f"{__name__}:perform", processes=2)

Resolve = Callable[[str], Awaitable[Iterable[str]]]


@dataclass(frozen=True, slots=True)
class Checked:
    """:ivar state: `answers`, `missing` (404, 410), `unreachable` (`reason` says why), `unclear` (any other status, as
    many sites refuse who is no browser), or `unchecked` (`reason`).
    """

    target: str
    state: str
    status: int | None = None
    reason: str | None = None


class _Unreachable(Exception):
    """`str()` is the reason."""


def addresses_in(content: Any) -> list[str]:
    """Web addresses in the texts of a content, in their order, that are the same for everybody."""
    if isinstance(content, Mapping):
        content = list(content.values())
    if isinstance(content, list):
        return list(dict.fromkeys(address for each in content for address in addresses_in(each)))
    found = _ADDRESS.findall(content) if isinstance(content, str) else []
    return list(dict.fromkeys(one.rstrip(_NOT_PART) for one in found if "{" not in one))


def check_apart(targets: Sequence[str], *, owner: UUID, own_hosts: frozenset[str], allowed: Networks) -> list[Checked]:
    """What came of each, the first `MOST_LINKS` of them; never raises for anything that lies at the other end.

    :param own_hosts: names of this platform, which lead back to it. :param allowed: networks that are not public, and
        where links may lead all the same.
    """
    looked_at = list(targets[:MOST_LINKS])
    try:
        found: list[Checked] = _confined.call(
            looked_at, own_hosts, allowed, seconds=SECONDS, patience=_PATIENCE_SECONDS, owner=owner
        )
    except (Exceeded, Unavailable, TooManyRequests):
        found = [Checked(target, "unchecked", reason="busy") for target in looked_at]
    return found + [Checked(target, "unchecked", reason="too_many") for target in targets[MOST_LINKS:]]


# --- inside the process


def perform(targets: list[str], own_hosts: frozenset[str], allowed: Networks) -> list[Checked]:
    return asyncio.run(Looker(allowed, own_hosts).all_of(targets))


async def resolve_by_dns(host: str) -> list[str]:
    """An address is itself. :raises OSError: there is none."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass
    try:
        found = await dns.asyncresolver.Resolver().resolve_name(host, lifetime=CONNECT_SECONDS)
    except dns.exception.DNSException as error:
        raise OSError("no address") from error
    return list(found.addresses())


class Looker:
    def __init__(
        self, allowed: Networks, own_hosts: frozenset[str] = frozenset(), resolve: Resolve = resolve_by_dns
    ) -> None:
        self._allowed, self._own_hosts, self._resolve = allowed, own_hosts, resolve
        self._tls = ssl.create_default_context()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._turns_of_host: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE_OF_HOST))

    async def all_of(self, targets: Sequence[str]) -> list[Checked]:
        tasks = [asyncio.create_task(self._one(target)) for target in targets]
        if tasks:
            await asyncio.wait(tasks, timeout=SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [
            Checked(target, "unchecked", reason="timed_out") if task.cancelled() else task.result()
            for target, task in zip(targets, tasks, strict=True)
        ]

    async def _one(self, target: str) -> Checked:
        if (urlsplit(target).hostname or "") in self._own_hosts:
            return Checked(target, "unchecked", reason="ours")
        async with self._turns_of_host[urlsplit(target).netloc], self._turns:
            try:
                async with asyncio.timeout(LINK_SECONDS):
                    status = await self._status(target)
            except _Unreachable as error:
                return Checked(target, "unreachable", reason=str(error))
            except TimeoutError:
                return Checked(target, "unreachable", reason="timed_out")
            except ssl.SSLError:
                return Checked(target, "unreachable", reason="tls_failed")
            except (OSError, EOFError):
                return Checked(target, "unreachable", reason="connection_lost")
        state = "answers" if 200 <= status < 300 else "missing" if status in _GONE else "unclear"
        return Checked(target, state, status)

    async def _status(self, url: str) -> int:
        """The status at the end of the redirects. Who does not know HEAD is asked by GET."""
        for _ in range(MOST_HOPS + 1):
            status, location = await self._asked("HEAD", url)
            if status >= 400:
                status, location = await self._asked("GET", url)
            if not (300 <= status < 400 and location):
                return status
            url = urljoin(url, location)
        raise _Unreachable("too_many_redirects")

    async def _asked(self, method: str, url: str) -> tuple[int, str | None]:
        parts, host, port = _parsed(url)
        reader, writer = await self._connected(host, port, is_secure=parts.scheme == "https")
        try:
            path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (
                f"?{quote(parts.query, safe='/%:@!$&()*+,;=~?[]')}" if parts.query else ""
            )
            named = host if parts.port is None else f"{host}:{port}"
            writer.write(
                f"{method} {path} HTTP/1.1\r\nHost: {named}\r\nUser-Agent: {USER_AGENT}\r\nAccept: */*\r\n"
                "Connection: close\r\n\r\n".encode("ascii")
            )
            return await _answer(reader)
        finally:
            # At once: whoever sends for ever keeps nothing of us.
            writer.transport.abort()

    async def _connected(
        self, host: str, port: int, *, is_secure: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls: dict[str, Any] = {"ssl": self._tls, "server_hostname": host} if is_secure else {}
        failure: OSError = ConnectionError()
        for place in await self._places(host, port):
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(place, port, limit=MOST_HEAD, **tls)
            except ssl.SSLError:
                raise
            except OSError as error:  # also a TimeoutError
                failure = error
        raise _Unreachable("timed_out" if isinstance(failure, TimeoutError) else "connection_refused")

    async def _places(self, host: str, port: int) -> list[str]:
        try:
            found = await self._resolve(host)
        except (OSError, UnicodeError):
            raise _Unreachable("name_not_found") from None
        places = [place for place in dict.fromkeys(found) if may_connect(place, self._allowed)]
        if not places:
            raise _Unreachable("address_not_public")
        if port not in WEB_PORTS:
            places = [place for place in places if is_in(ip_address(place.partition("%")[0]), self._allowed)]
            if not places:
                raise _Unreachable("port_not_of_the_web")
        return places


def _parsed(url: str) -> tuple[Any, str, int]:
    """:raises _Unreachable: it is no web address, or holds a password."""
    try:
        parts = urlsplit(url)
        host, port = ascii_domain(parts.hostname or ""), parts.port
    except ValueError:
        raise _Unreachable("url_invalid") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise _Unreachable("url_invalid")
    return parts, host, port or (443 if parts.scheme == "https" else 80)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, str | None]:
    for _ in range(MOST_INFORMATIONAL):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise _Unreachable("answer_unreadable") from None
        found = _STATUS_LINE.match(head)
        if found is None:
            raise _Unreachable("answer_unreadable")
        status = int(found[1])
        if status >= 200:
            location = _LOCATION.search(head)
            return status, location[1].decode("utf-8", "replace").strip() if location else None
    raise _Unreachable("answer_unreadable")
