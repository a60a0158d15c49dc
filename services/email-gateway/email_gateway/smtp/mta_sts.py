"""MTA-STS (RFC 8461): what a recipient's domain says of TLS at its mail hosts, told by DNS and fetched by HTTPS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from chassis.public_addresses import Networks, may_connect

HTTPS = 443
FETCH_SECONDS = 10.0
MOST_OCTETS = 64 * 1024  # section 3.3 leaves it to the sender
MOST_HOSTS = 100
MOST_AGE = 31_557_600  # seconds, section 3.2

Resolve = Callable[[str], Awaitable[Iterable[str]]]


class Mode(StrEnum):
    """`enforce`: hosts that the policy does not name, or without a valid certificate, get nothing."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True)
class Policy:
    """:param hosts: names of mail hosts; `*.example` stands for one label more (section 4.1)."""

    mode: Mode
    hosts: tuple[str, ...]
    max_age: int

    def names(self, host: str) -> bool:
        host = host.lower().rstrip(".")
        return any(
            host == name or (name.startswith("*.") and host.partition(".")[2] == name[2:]) for name in self.hosts
        )


def policy_id(records: Iterable[str]) -> str | None:
    """The id in the TXT records of `_mta-sts.<domain>`; None where there is not exactly one of them (section 3.1)."""
    ours = [record for record in records if record.startswith("v=STSv1;")]
    fields = dict(field.strip().partition("=")[::2] for field in ours[0].split(";")) if len(ours) == 1 else {}
    found = fields.get("id", "")
    return found if found.isalnum() and found.isascii() and len(found) <= 32 else None


def parse(text: str) -> Policy:
    """:raises ValueError: it is no policy (section 3.2)."""
    hosts: list[str] = []
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = (part.strip() for part in line.partition(":"))
        if name == "mx":
            hosts.append(value.lower().rstrip("."))
        else:
            fields.setdefault(name, value)
    mode = Mode(fields.get("mode", ""))
    if fields.get("version") != "STSv1" or len(hosts) > MOST_HOSTS or not (hosts or mode is Mode.NONE):
        raise ValueError("no policy")
    return Policy(mode, tuple(hosts), min(max(int(fields.get("max_age", "")), 0), MOST_AGE))


async def fetch(domain: str, *, allowed: Networks, resolve: Resolve | None = None, port: int = HTTPS) -> Policy:
    """The policy that the domain publishes; no redirect is followed (section 3.3).

    :param allowed: networks that are not public and where the host may lie all the same.
    :raises OSError, ValueError: it is not to be had, or is none. TimeoutError, ssl.SSLError are OSErrors.
    """
    async with asyncio.timeout(FETCH_SECONDS):
        host = f"mta-sts.{domain}"
        # Judged and connected to are the same addresses (docs/decisions/0035).
        found = [address for address in await (resolve or _resolve)(host) if may_connect(address, allowed)]
        if not found:
            raise ConnectionError("no public address")
        reader, writer = await asyncio.open_connection(
            found[0], port, ssl=ssl.create_default_context(), server_hostname=host
        )
        try:
            # HTTP/1.0, for its answers end with the connection.
            writer.write(f"GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: {host}\r\n\r\n".encode("ascii"))
            answer = await _all_of(reader)
        finally:
            writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise ValueError("no policy")
    return parse(body.decode("utf-8", "strict"))


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    while received := await reader.read(MOST_OCTETS):
        answer += received
        if len(answer) > MOST_OCTETS:
            raise ValueError("too long for a policy")
    return answer


async def _resolve(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, HTTPS, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]
