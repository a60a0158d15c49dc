"""The windowed client, against a carrier of a few lines that the tests hold by the hand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.client import Link, LinkSettings
from sms_gateway.smpp.constants import Command, Status
from sms_gateway.smpp.receipts import Receipt


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
        self.received: list[Receipt] = []
        self.news: list[str] = []

    def take(self, room: int, in_flight: int) -> list[Part]:
        return [self.queue.popleft() for _ in range(min(room, len(self.queue)))]

    def answered(self, answers: list[tuple[Any, int, str]]) -> None:
        self.answers += [(part.number, status, identifier) for part, status, identifier in answers]

    def lost(self, parts: list[Any]) -> None:
        self.lost_parts += [part.number for part in parts]

    def receipts(self, link: Link, receipts: list[tuple[int, Receipt]]) -> None:
        self.received += [receipt for _, receipt in receipts]
        link.acknowledge([sequence for sequence, _ in receipts], link.connection)

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
                    writer.write(
                        smpp.encode(smpp.Pdu(Command.BIND_TRANSCEIVER_RESP, pdu.sequence, self.bind_status, {}))
                    )
                elif pdu.command == Command.UNBIND:
                    writer.write(smpp.encode(smpp.Pdu(Command.UNBIND_RESP, pdu.sequence)))
                elif pdu.command == Command.SUBMIT_SM:
                    self.on_submit(pdu, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def answer(self, pdu: smpp.Pdu, writer: asyncio.StreamWriter, status: int = 0) -> None:
        fields: dict[str, smpp.Value] = {} if status else {"message_id": f"id{pdu.sequence}"}
        writer.write(smpp.encode(smpp.Pdu(Command.SUBMIT_SM_RESP, pdu.sequence, status, fields)))

    def submits(self) -> list[smpp.Pdu]:
        return [pdu for pdu in self.requests if pdu.command == Command.SUBMIT_SM]


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


def test_never_more_than_the_window_is_unanswered() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 10)
        await asyncio.sleep(0.1)  # nothing more comes: time is the subject
        assert len(carrier.submits()) == 10
        carrier.answer(carrier.submits()[3], carrier.writers[0])
        await until(lambda: len(carrier.submits()) == 11)
        assert work.answers == [(3, 0, f"id{carrier.submits()[3].sequence}")]

    played(50, play, window=10)


def test_the_rate_is_kept() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        carrier.on_submit = carrier.answer
        await until(lambda: link.is_bound)
        before = len(carrier.submits())
        await asyncio.sleep(1.0)  # a second's worth: time is the subject
        assert 60 <= len(carrier.submits()) - before <= 130

    played(1000, play, window=50, rate=100.0)


def test_a_throttle_pauses_the_bind() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        carrier.on_submit = lambda pdu, writer: carrier.answer(pdu, writer, Status.THROTTLED)
        await until(lambda: work.answers)
        first = len(carrier.submits())
        await asyncio.sleep(0.3)  # a part of the pause: time is the subject
        assert len(carrier.submits()) <= first + 10
        await until(lambda: len(carrier.submits()) > first + 10)

    played(100, play, window=10)


def test_a_lost_connection_reports_what_was_unanswered_and_binds_again() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 5)
        carrier.writers[0].transport.abort()
        await until(lambda: work.news.count("bound") == 2)
        assert sorted(work.lost_parts) == [0, 1, 2, 3, 4]
        await until(lambda: len(carrier.submits()) == 10)

    played(10, play, window=5)


def test_a_refused_bind_is_tried_again() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        carrier.bind_status = Status.INVALID_PASSWORD
        await until(lambda: "unbound" in work.news)
        assert not link.is_bound
        carrier.bind_status = 0
        await until(lambda: link.is_bound)

    played(0, play)


def test_a_silent_carrier_is_asked_and_then_left() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: any(pdu.command == Command.ENQUIRE_LINK for pdu in carrier.requests))
        await until(lambda: work.news.count("bound") == 2)

    played(0, play, enquire_every=0.1, answer_within=0.2)


def test_receipts_are_answered_and_malformed_ones_refused() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: link.is_bound)
        good = {"esm_class": 4, "source_addr": "48600100200", "short_message": b"id:7 stat:DELIVRD err:000"}
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.DELIVER_SM, 41, 0, good)))
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.DELIVER_SM, 42, 0, {"esm_class": 4})))
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.DELIVER_SM, 43, 0, {"short_message": b"STOP"})))
        await until(lambda: sum(pdu.command == Command.DELIVER_SM_RESP for pdu in carrier.requests) == 3)
        statuses = {pdu.sequence: pdu.status for pdu in carrier.requests if pdu.command == Command.DELIVER_SM_RESP}
        assert statuses == {41: 0, 42: Status.INVALID_MESSAGE_LENGTH, 43: Status.RECEIVER_TEMPORARY_ERROR}
        assert [receipt.carrier_message_id for receipt in work.received] == ["7"]

    played(0, play)


@pytest.mark.parametrize("noise", [b"\xff" * 64, b"\0" * 64, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_noise_from_the_carrier_ends_the_connection_alone(noise: bytes) -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: link.is_bound)
        carrier.writers[0].write(noise)
        await until(lambda: work.news.count("bound") == 2)

    played(0, play)
