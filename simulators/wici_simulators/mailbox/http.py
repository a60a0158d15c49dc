"""The HTTP side: what was received, as JSON; settings; and people who act.

GET  /counts                     how many of each fate
GET  /messages?after=&limit=     accepted mails, compact, in order
GET  /messages/{n}/raw           a whole mail (the first some are kept)
GET  /refused                    refused addresses and why
GET  /fate?address=              what becomes of mail to an address
GET  /settings, POST /settings   shares in per mille, what is kept
POST /behave                     {open_share, click_share, unsubscribe_share, after, base_url}
POST /reset                      forget everything received
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from wici_simulators.mailbox.box import Box
from wici_simulators.mailbox.people import Behaviour, behave
from wici_simulators.mailbox.rules import fate

MAX_BODY = 1_000_000
Answer = tuple[int, bytes, str]


class Bad(Exception):
    """The request is not understood; the text says why."""


class Pages:
    """Answers requests about one box."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._routes: dict[tuple[str, str], Callable[[dict[str, str], Any], Awaitable[Any]]] = {
            ("GET", "/counts"): self._counts,
            ("GET", "/messages"): self._messages,
            ("GET", "/refused"): self._refused,
            ("GET", "/fate"): self._fate,
            ("GET", "/settings"): self._settings,
            ("POST", "/settings"): self._change_settings,
            ("POST", "/behave"): self._behave,
            ("POST", "/reset"): self._reset,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        try:
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            length = int(headers.get("content-length", "0"))
            if not 0 <= length <= MAX_BODY:
                raise ValueError
        except ValueError:
            _write(writer, (400, b'{"error": "not HTTP"}', "application/json"), keep=False)
            return False
        body = await reader.readexactly(length)
        keep = headers.get("connection") != "close"
        _write(writer, await self.answer(method, target, body), keep=keep)
        await writer.drain()
        return keep

    async def answer(self, method: str, target: str, body: bytes) -> Answer:
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        try:
            if parts.path.startswith("/messages/") and parts.path.endswith("/raw"):
                return self._raw(unquote(parts.path.split("/")[2]))
            if parts.path == "/":
                return 200, (__doc__ or "").encode(), "text/plain; charset=utf-8"
            route = self._routes.get((method, parts.path))
            if route is None:
                return _json(404, {"error": "no such page"})
            return _json(200, await route(query, orjson.loads(body) if body else {}))
        except (Bad, ValueError, TypeError) as error:
            return _json(400, {"error": str(error)})

    def _raw(self, number: str) -> Answer:
        octets = self._box.raw.get(int(number))
        return _json(404, {"error": "not kept"}) if octets is None else (200, octets, "message/rfc822")

    async def _counts(self, _query: dict[str, str], _body: Any) -> Any:
        return self._box.summary()

    async def _messages(self, query: dict[str, str], _body: Any) -> Any:
        after, limit = int(query.get("after", 0)), min(int(query.get("limit", 100)), 10_000)
        page = self._box.mails[after : after + limit]
        return {"messages": [mail.described() for mail in page], "next": page[-1].number if page else None}

    async def _refused(self, _query: dict[str, str], _body: Any) -> Any:
        return self._box.refused

    async def _fate(self, query: dict[str, str], _body: Any) -> Any:
        return {"fate": fate(query.get("address", ""), self._box.settings)}

    async def _settings(self, _query: dict[str, str], _body: Any) -> Any:
        return asdict(self._box.settings)

    async def _change_settings(self, _query: dict[str, str], body: Any) -> Any:
        if not isinstance(body, dict):
            raise Bad("settings are an object")
        self._box.settings = self._box.settings.changed(body)
        return asdict(self._box.settings)

    async def _behave(self, _query: dict[str, str], body: Any) -> Any:
        if not isinstance(body, dict):
            raise Bad("a behaviour is an object")
        return await behave(self._box, Behaviour(**body))

    async def _reset(self, _query: dict[str, str], _body: Any) -> Any:
        self._box.reset()
        return {}


def _json(status: int, body: Any) -> Answer:
    return status, orjson.dumps(body), "application/json"


def _write(writer: asyncio.StreamWriter, answer: Answer, *, keep: bool) -> None:
    status, body, kind = answer
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
    writer.write(
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Connection: {'keep-alive' if keep else 'close'}\r\n\r\n".encode()
        + body
    )
