"""A carrier of a few lines that the tests hold by the hand, and a work that records what a link reports."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.client import Link, LinkSettings
from sms_gateway.smpp.constants import Command
from sms_gateway.smpp.receipts import Delivered


class Part:
    def __init__(self, number: int) -> None:
        self.number = number
        self.body = smpp.encode(smpp.Pdu(Command.SUBMIT_SM, 1, 0, {"destination_addr": f"4860010{number:04d}"}))[16:]


class Work:
    """Records everything that a link reports."""

    def __init__(self, count: int) -> None:
        self.queue = deque(Part(number) for number in range(count))
        self.answers: list[tuple[int, int, str]] = []
        self.lost_parts: list[int] = []
        self.received: list[Any] = []
        self.news: list[str] = []

    def take(self, room: int, in_flight: int) -> list[Part]:
        return [self.queue.popleft() for _ in range(min(room, len(self.queue)))]

    def answered(self, answers: list[tuple[Any, int, str]]) -> None:
        self.answers += [(part.number, status, identifier) for part, status, identifier in answers]

    def lost(self, parts: list[Any]) -> None:
        self.lost_parts += [part.number for part in parts]

    def delivered(self, link: Link, delivered: list[tuple[int, Delivered]]) -> None:
        self.received += [each for _, each in delivered]
        link.acknowledge([sequence for sequence, _ in delivered], link.connection)

    def bound(self, link: Link) -> None:
        self.news.append("bound")

    def unbound(self, link: Link, reason: str) -> None:
        self.news.append("unbound")


class Carrier:
    """Binds anybody; leaves the rest to the test."""

    def __init__(self) -> None:
        self.requests: list[smpp.Pdu] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.on_submit: Callable[[smpp.Pdu, asyncio.StreamWriter], None] = lambda pdu, writer: None
        self.bind_status = 0
        self.bind_answer = Command.BIND_TRANSCEIVER_RESP
        self.closes_at_once = False

    async def start(self) -> int:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(4)
                pdu = smpp.decode(head + await reader.readexactly(int.from_bytes(head, "big") - 4))
                self.requests.append(pdu)
                if pdu.command == Command.BIND_TRANSCEIVER:
                    writer.write(smpp.encode(smpp.Pdu(self.bind_answer, pdu.sequence, self.bind_status, {})))
                    if self.closes_at_once:
                        writer.close()
                elif pdu.command == Command.UNBIND:
                    writer.write(smpp.encode(smpp.Pdu(Command.UNBIND_RESP, pdu.sequence)))
                elif pdu.command == Command.SUBMIT_SM:
                    self.on_submit(pdu, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def binds(self) -> int:
        return sum(pdu.command == Command.BIND_TRANSCEIVER for pdu in self.requests)

    def answer(self, pdu: smpp.Pdu, writer: asyncio.StreamWriter, status: int = 0) -> None:
        writer.write(answer_to(pdu, status))

    def submits(self) -> list[smpp.Pdu]:
        return [pdu for pdu in self.requests if pdu.command == Command.SUBMIT_SM]


def answer_to(pdu: smpp.Pdu, status: int = 0) -> bytes:
    fields: dict[str, smpp.Value] = {} if status else {"message_id": f"id{pdu.sequence}"}
    return smpp.encode(smpp.Pdu(Command.SUBMIT_SM_RESP, pdu.sequence, status, fields))


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def played(count: int, play: Callable[[Carrier, Work, Link], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        carrier, work = Carrier(), Work(count)
        port = await carrier.start()
        link = Link(LinkSettings("127.0.0.1", port, "wici", "secret", **settings), work)
        link.start()
        try:
            await play(carrier, work, link)
        finally:
            await link.stop(0.5)
            carrier.server.close()

    asyncio.run(run())


class RawSmsc:
    """The same carrier on a thread of its own, for a whole process to bind to. `on_submit` runs on that thread."""

    def __init__(self, on_submit: Callable[[Carrier, smpp.Pdu, asyncio.StreamWriter], None]) -> None:
        self.carrier = Carrier()
        self.carrier.on_submit = lambda pdu, writer: on_submit(self.carrier, pdu, writer)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        # When the loop ran last, and the time before: what is read now has come since then, not earlier.
        self.ran = [time.monotonic()] * 2
        self.loop.call_soon_threadsafe(self._tick)
        self.port = asyncio.run_coroutine_threadsafe(self.carrier.start(), self.loop).result(10)

    def _tick(self) -> None:
        self.ran = [self.ran[1], time.monotonic()]
        self.loop.call_later(0.005, self._tick)

    def write(self, octets: bytes) -> None:
        """To the newest bind."""
        self.loop.call_soon_threadsafe(lambda: self.carrier.writers[-1].write(octets))

    def stop(self) -> None:
        async def close() -> None:
            self.carrier.server.close()
            for writer in self.carrier.writers:
                writer.close()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
