"""People: a share of them opens, clicks and unsubscribes, by following the links in the mails they got."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

from wici_simulators.mailbox.box import Box, Mail
from wici_simulators.mailbox.rules import does

WORKERS = 16
ANSWER_SECONDS = 15.0


@dataclass(frozen=True)
class Behaviour:
    """Shares from 0 to 1 of the mails since number `after`.

    Who clicks also opens: both follow from the same hash of the address. A mail is opened, clicked and unsubscribed
    from once, however often the request comes.

    :param base_url: goes in place of the links' scheme and host, where the public URL is not reachable from here.
    """

    open_share: float = 0.0
    click_share: float = 0.0
    unsubscribe_share: float = 0.0
    after: int = 0
    base_url: str | None = None


def deeds(mail: Mail, behaviour: Behaviour) -> list[tuple[str, str, str]]:
    """What this mail's reader does and has not done yet: (deed, method, URL)."""
    opens = [link for link in mail.links if "/o/" in link]
    clicks = [link for link in mail.links if "/t/" in link]
    todo = []
    if opens and does("read", mail.address, max(behaviour.open_share, behaviour.click_share)):
        todo.append(("opened", "GET", opens[0]))
    if clicks and does("read", mail.address, behaviour.click_share):
        todo.append(("clicked", "GET", clicks[crc32(mail.address.encode()) % len(clicks)]))
    if mail.unsubscribe and does("unsubscribe", mail.address, behaviour.unsubscribe_share):
        todo.append(("unsubscribed", "POST", mail.unsubscribe))
    return [deed for deed in todo if deed[0] not in mail.done]


async def behave(box: Box, behaviour: Behaviour) -> dict[str, Any]:
    """Do it; returns how many of each deed were answered well, how many failed, and the deeds per address."""
    todo = [(mail, deed) for mail in box.mails[behaviour.after :] for deed in deeds(mail, behaviour)]
    counts: Counter[str] = Counter(opened=0, clicked=0, unsubscribed=0, failed=0)
    by_address: dict[str, list[str]] = {}

    async def work() -> None:
        connection = _Connection()
        while todo:
            mail, (deed, method, url) = todo.pop()
            status = await connection.request(method, _moved(url, behaviour.base_url))
            if 200 <= status < 400:
                mail.done.add(deed)
                counts[deed] += 1
                by_address.setdefault(mail.address, []).append(deed)
            else:
                counts["failed"] += 1
        connection.close()

    await asyncio.gather(*(work() for _ in range(min(WORKERS, len(todo)))))
    return {**counts, "addresses": by_address}


def _moved(url: str, base_url: str | None) -> str:
    if base_url is None:
        return url
    parts = urlsplit(url)
    return base_url.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")


class _Connection:
    """A small HTTP/1.1 client that keeps its connection and does not follow redirects."""

    def __init__(self) -> None:
        self._peer: tuple[str, int] | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(self, method: str, url: str) -> int:
        """Status of the answer; 0 when there was none."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            return 0
        for _ in range(2):  # a kept connection may have been closed by the server meanwhile
            try:
                return await asyncio.wait_for(self._once(method, parts.hostname, parts.port or 80, url), ANSWER_SECONDS)
            except (OSError, ValueError, EOFError, TimeoutError):
                self.close()
        return 0

    async def _once(self, method: str, host: str, port: int, url: str) -> int:
        if self._streams is None or self._peer != (host, port):
            self.close()
            self._streams, self._peer = await asyncio.open_connection(host, port), (host, port)
        reader, writer = self._streams
        target = url.split("/", 3)[3]
        body = b"List-Unsubscribe=One-Click" if method == "POST" else b""
        kind = "Content-Type: application/x-www-form-urlencoded\r\n" if body else ""
        writer.write(
            f"{method} /{target} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: Mozilla/5.0 (mailbox simulator)\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        await self._skip_body(reader, head, has_body=status not in (204, 304))
        if "connection: close" in head:
            self.close()
        return status

    async def _skip_body(self, reader: asyncio.StreamReader, head: str, *, has_body: bool) -> None:
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if not has_body:
            return
        if headers.get("transfer-encoding") == "chunked":
            while size := int((await reader.readline()).split(b";")[0], 16):
                await reader.readexactly(size + 2)
            await reader.readline()
        else:
            await reader.readexactly(int(headers.get("content-length", "0")))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
