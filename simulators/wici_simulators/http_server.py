"""One port that speaks HTTP/1.1 or HTTP/2 in clear text, as whoever calls begins."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from wici_simulators.http_messages import Request, Response

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MOST_BODY = 1_000_000


class Answering(Protocol):
    """Who answers, at once; `settings.delay`: seconds before each answer."""

    @property
    def settings(self) -> Any: ...

    def answer(self, request: Request, origin: str) -> Response:
        """:param origin: where callers reach this server."""


class Connection:
    def __init__(self, providers: Answering, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._providers, self._reader, self._writer = providers, reader, writer
        host, port = writer.get_extra_info("sockname")[:2]
        self._origin = f"http://{host}:{port}"

    async def run(self) -> None:
        """Until the other side ends it."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, h2.exceptions.ProtocolError):
            begin = await self._reader.readexactly(len(PREFACE[:4]))
            if begin == PREFACE[:4]:
                await self._speak_http2(begin)
            else:
                await self._speak_http1(begin)
        self._writer.close()

    async def _answer(self, request: Request) -> Response:
        if self._providers.settings.delay:
            await asyncio.sleep(self._providers.settings.delay)
        return self._providers.answer(request, self._origin)

    # --- HTTP/1.1

    async def _speak_http1(self, begin: bytes) -> None:
        while True:
            head = begin + await self._reader.readuntil(b"\r\n\r\n")
            begin = b""
            line, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = line.split(" ", 2)
            pairs = (each.partition(":") for each in lines if each)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            body = await self._reader.readexactly(min(int(headers.get("content-length", 0)), MOST_BODY))
            answer = await self._answer(Request(method, path, headers, body, "1.1"))
            if answer.hangs:
                await self._reader.read()  # until the other side gives up
            if answer.raw is not None:
                self._writer.write(answer.raw)
                await self._writer.drain()
            if answer.is_lost or answer.hangs or answer.raw is not None:
                return
            self._write_http1(answer)
            await self._writer.drain()

    def _write_http1(self, answer: Response) -> None:
        phrase = HTTPStatus(answer.status).phrase
        lines = [f"HTTP/1.1 {answer.status} {phrase}", f"content-length: {len(answer.body)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)

    # --- HTTP/2 (RFC 9113)

    async def _speak_http2(self, begin: bytes) -> None:
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        wire = h2.connection.H2Connection(config)
        wire.initiate_connection()
        heads: dict[int, dict[str, str]] = {}
        bodies: dict[int, bytearray] = {}
        tasks: set[asyncio.Task[None]] = set()
        octets = begin
        while octets:
            for event in wire.receive_data(octets):
                if isinstance(event, h2.events.RequestReceived):
                    heads[event.stream_id] = {str(name): str(value) for name, value in event.headers}
                    bodies[event.stream_id] = bytearray()
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    head, body = heads.pop(event.stream_id), bytes(bodies.pop(event.stream_id))
                    task = asyncio.create_task(self._answer_stream(wire, event.stream_id, head, body))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
            self._flush(wire)
            octets = await self._reader.read(65_536)

    async def _answer_stream(self, wire: Any, stream_id: int, head: dict[str, str], body: bytes) -> None:
        headers = {name: value for name, value in head.items() if not name.startswith(":")}
        answer = await self._answer(Request(head[":method"], head[":path"], headers, body, "2"))
        with suppress(h2.exceptions.ProtocolError):
            if answer.is_lost:
                wire.reset_stream(stream_id, 2)  # INTERNAL_ERROR
            else:
                wire.send_headers(
                    stream_id, [(":status", str(answer.status)), *answer.headers.items()], end_stream=not answer.body
                )
                if answer.body:
                    wire.send_data(stream_id, answer.body, end_stream=True)
            self._flush(wire)

    def _flush(self, wire: Any) -> None:
        self._writer.write(wire.data_to_send())


async def serve(providers: Answering, host: str, port: int) -> asyncio.Server:
    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Connection(providers, reader, writer).run()

    return await asyncio.start_server(on_connection, host, port, backlog=1024)
