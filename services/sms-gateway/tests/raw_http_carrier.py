"""An HTTP carrier of a few lines that the tests hold by the hand: sockets and bytes, no HTTP library."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


Behaviour = Callable[["HttpCarrier", Request, asyncio.StreamWriter], Awaitable[None]]


def answer(status: int = 200, body: Any = None, **headers: str) -> bytes:
    octets = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(octets)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + octets


async def takes(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(200, {"id": f"id{len(carrier.requests)}"}))


class HttpCarrier:
    """Reads requests and leaves the rest to `behaviour`."""

    def __init__(self, behaviour: Behaviour = takes) -> None:
        self.behaviour = behaviour
        self.requests: list[Request] = []
        self.connections = self.open = self.most_open = 0

    async def start(self) -> int:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self.server.sockets[0].getsockname()[1])
        return self.port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            while not writer.is_closing():
                request = await self._read(reader)
                self.requests.append(request)
                await self.behaviour(self, request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> Request:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


class HttpCarrierThread:
    """The same on a thread of its own, for a whole process to ask."""

    def __init__(self, behaviour: Behaviour = takes) -> None:
        self.carrier = HttpCarrier(behaviour)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self.carrier.start(), self._loop).result(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self.carrier.server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
