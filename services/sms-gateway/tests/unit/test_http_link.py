"""The link to an HTTP carrier, against one that misbehaves: what each answer, and each silence, is taken for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from raw_carrier import until
from raw_http_carrier import Behaviour, HttpCarrier, Request, answer, takes

from chassis.public_addresses import networks
from sms_gateway.http_api.client import HttpLink, HttpLinkSettings
from sms_gateway.http_api.dialects import Dialect, dialect_of
from sms_gateway.http_api.requests import Access
from sms_gateway.smpp.constants import code_of

LOCAL = networks(("127.0.0.0/8",))
ACCESS = Access("me", "secret", "https://wici.example/hooks/carriers/c")
HTTP = {
    "body": {"to": "{to}", "text": "{text}", "from": "{from}"},
    "answer": {"id": "id", "error": "error"},
    "errors": {"7": "slow_down", "8": "fail_over", "9": "retry", "10": "unknown"},
    "statuses": {"418": "retry"},
}


class Work:
    """Records what the link reports; its parts are as `content.as_text` makes them."""

    def __init__(self, count: int) -> None:
        self.queue = deque(
            SimpleNamespace(
                number=number, body=body(to=f"+4860010{number:04d}"), message=SimpleNamespace(message_id="m")
            )
            for number in range(count)
        )
        self.answers: list[tuple[int, int, str]] = []
        self.lost_parts: list[int] = []
        self.news: list[str] = []

    def take(self, room: int, in_flight: int) -> list[Any]:
        return [self.queue.popleft() for _ in range(min(room, len(self.queue)))]

    def answered(self, answers: list[tuple[Any, int, str]]) -> None:
        self.answers += [(part.number, status, identifier) for part, status, identifier in answers]

    def lost(self, parts: list[Any]) -> None:
        self.lost_parts += [part.number for part in parts]

    def delivered(self, link: Any, delivered: Any) -> None:
        raise AssertionError

    def bound(self, link: Any) -> None:
        self.news.append("bound")

    def unbound(self, link: Any, reason: str) -> None:
        self.news.append("unbound")

    @property
    def done(self) -> int:
        return len(self.answers) + len(self.lost_parts)


def body(**values: Any) -> bytes:
    return orjson.dumps(
        {"to": "+48600100200", "from": "Wici", "text": "Hej", "parts": 1, "encoding": "gsm", "flash": False,
         "validity_minutes": None, **values}
    )  # fmt: skip


def played(
    count: int,
    behaviour: Behaviour,
    play: Callable[[HttpCarrier, Work, HttpLink], Awaitable[None]] | None = None,
    *,
    dialect: Dialect | None = None,
    allowed: Any = LOCAL,
    timeout: float = 5.0,
    window: int = 10,
) -> tuple[HttpCarrier, Work, HttpLink]:
    async def run() -> tuple[HttpCarrier, Work, HttpLink]:
        carrier, work = HttpCarrier(behaviour), Work(count)
        port = await carrier.start()
        given = dialect or dialect_of("http", {**HTTP, "url": f"http://127.0.0.1:{port}/send"})
        link = HttpLink(HttpLinkSettings(given, ACCESS, window, timeout, allowed), work)
        link.start()
        try:
            await until(lambda: work.done == count, 20)
            if play is not None:
                await play(carrier, work, link)
        finally:
            await link.stop(0.5)
            carrier.server.close()
        return carrier, work, link

    return asyncio.run(run())


def says(octets: bytes, *, cuts: bool = False) -> Behaviour:
    async def behave(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        if cuts:
            await writer.drain()
            writer.close()

    return behave


async def byte_by_byte(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
    for octet in answer(200, {"id": "drops"}, X_Filler="x" * 40):
        writer.write(bytes((octet,)))
        await writer.drain()


async def for_ever(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
        await writer.drain()


async def nothing(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
    """Takes it and does not answer."""


CHUNKED = b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"id":"a"\r\n1\r\n}\r\n0\r\n\r\n'
TAKEN = [
    ("an answer", takes, "id1"),
    ("byte by byte", byte_by_byte, "drops"),
    ("a number as id", says(answer(200, {"id": 17})), "17"),
    ("in chunks", says(CHUNKED), "a"),
    ("until the end", says(b'HTTP/1.0 200 OK\r\n\r\n{"id":"end"}', cuts=True), "end"),
    ("hints first", says(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(200, {"id": "late"})), "late"),
    ("more than asked for", says(answer(200, {"id": "one"}) + b"HTTP/1.1 200 X\r\n"), "one"),
    ("an error that is none", says(answer(200, {"id": "fine", "error": None})), "fine"),
]


@pytest.mark.parametrize(("behaviour", "identifier"), [case[1:] for case in TAKEN], ids=[case[0] for case in TAKEN])
def test_what_was_taken(behaviour: Behaviour, identifier: str) -> None:
    _, work, _ = played(1, behaviour)
    assert (work.answers, work.lost_parts) == ([(0, 0, identifier)], [])


REFUSED = [
    ("its own error", answer(200, {"error": 13}), "13"),
    ("bad request", answer(400, {"error": "E21"}), "E21"),
    ("bad request without a word", answer(422, b"<html>"), "http_422"),
    ("its id stands beside an error", answer(400, {"id": "x", "error": "E1"}), "E1"),
    ("slow down", answer(200, {"error": 7}), "0x58"),
    ("too many requests", answer(429), "0x58"),
    ("it is ill", answer(200, {"error": 8}), "0x08"),
    ("500", answer(500), "0x08"),
    ("503", answer(503, b"sorry"), "0x08"),
    ("who are you", answer(401), "0x08"),
    ("not here", answer(404, b"nope"), "0x08"),
    ("elsewhere", answer(302, b"", Location="http://127.0.0.1:1/other"), "0x08"),
    ("again later", answer(200, {"error": 9}), "0x64"),
    ("a status of the table", answer(418), "0x64"),
]


@pytest.mark.parametrize(("octets", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_was_not(octets: bytes, code: str) -> None:
    carrier, work, _ = played(1, says(octets))
    assert [(code_of(status), work.lost_parts) for _, status, _ in work.answers] == [(code, [])]
    assert [request.target for request in carrier.requests] == ["/send"]


NOBODY_KNOWS = [
    ("cut after the request", says(b"", cuts=True)),
    ("cut in the head", says(b"HTTP/1.1 200 OK\r\nContent-", cuts=True)),
    ("cut in the body", says(answer(200, {"id": "half"})[:-3], cuts=True)),
    ("no HTTP at all", says(b"\x00\x00\x00\x10\x80\x00\x00\x00" * 4, cuts=True)),
    ("a head without end", says(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 40_000)),
    ("rubbish", says(answer(200, b"<html>OK</html>"))),
    ("JSON without an id", says(answer(200, {"status": "ok"}))),
    ("a list", says(answer(200, [1, 2]))),
    ("an id that is none", says(answer(200, {"id": {"x": 1}}))),
    ("a body without end", for_ever),
    ("a body that is huge", says(answer(200, b" " * 70_000 + b'{"id":"x"}'))),
    ("a proxy in between", says(answer(502, b"Bad gateway"))),
    ("a proxy that waited", says(answer(504))),
    ("an error of its table", says(answer(200, {"error": 10}))),
]


@pytest.mark.parametrize("behaviour", [case[1] for case in NOBODY_KNOWS], ids=[case[0] for case in NOBODY_KNOWS])
def test_what_nobody_knows(behaviour: Behaviour) -> None:
    _, work, link = played(1, behaviour)
    assert (work.answers, work.lost_parts) == ([], [0])
    assert link.last_error


def test_who_does_not_answer_is_not_waited_for() -> None:
    _, work, _ = played(3, nothing, timeout=0.2)
    assert sorted(work.lost_parts) == [0, 1, 2]


def test_where_nobody_listens_nothing_has_left() -> None:
    _, work, link = played(1, takes, dialect=dialect_of("http", {**HTTP, "url": "http://127.0.0.1:1/send"}))
    assert [code_of(status) for _, status, _ in work.answers] == ["0x08"] and link.last_error


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_not_public_is_not_connected_to(scheme: str) -> None:
    async def look(carrier: HttpCarrier, work: Work, link: HttpLink) -> None:
        assert carrier.connections == 0

    async def behave(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    dialect = dialect_of("http", {**HTTP, "url": f"{scheme}://127.0.0.1:9/send"})
    _, work, link = played(1, behave, look, dialect=dialect, allowed=())
    assert [code_of(status) for _, status, _ in work.answers] == ["0x08"]
    assert link.last_error == "the host's address is not public: see SMS_CARRIER_NETWORKS"


def test_connections_are_kept_and_no_more_than_the_window() -> None:
    async def behave(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        await takes(carrier, request, writer)

    carrier, work, _ = played(40, behave, window=4)
    assert len(work.answers) == 40 and carrier.connections == carrier.most_open <= 4


def test_who_closes_after_each_answer_and_says_so_gets_everything() -> None:
    async def behave(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, {"id": "x"}, Connection="close"))
        await writer.drain()
        writer.close()

    carrier, work, _ = played(10, behave, window=2)
    assert len(work.answers) == 10 and not work.lost_parts and carrier.connections == 10


@pytest.mark.parametrize(("after", "rests"), [("30", True), ("0", False), ("soon", False), (None, False)])
def test_a_carrier_that_asks_for_a_rest_gets_nothing_for_so_long(after: str | None, rests: bool) -> None:
    async def look(carrier: HttpCarrier, work: Work, link: HttpLink) -> None:
        assert link.is_bound is not rests
        work.queue.extend(Work(1).queue)
        link.fill()
        assert len(work.queue) == rests

    headers = {} if after is None else {"Retry_After": after}
    _, work, _ = played(1, says(answer(429, **headers)), look)
    assert work.news == (["bound", "unbound"] if rests else ["bound"])


def test_a_link_that_ends_loses_nothing_of_what_it_has_taken() -> None:
    async def run() -> None:
        carrier, work = HttpCarrier(nothing), Work(5)
        url = f"http://127.0.0.1:{await carrier.start()}/send"
        link = HttpLink(HttpLinkSettings(dialect_of("http", {**HTTP, "url": url}), ACCESS, 3, 30.0, LOCAL), work)
        link.start()
        await until(lambda: len(carrier.requests) == 3)
        await link.stop(0.05)
        assert (sorted(work.lost_parts), len(work.queue)) == ([0, 1, 2], 2)
        carrier.server.close()

    asyncio.run(run())
