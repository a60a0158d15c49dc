"""Spam filters on raw sockets that drip, hang, never end and talk nonsense: whoever asks is told in time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from channel.testing_peers import Connection, Play, RawProvider
from email_gateway import spam_filters
from email_gateway.spam_filters import MOST_AT_ONCE, MOST_OCTETS, Verdict, judge_at

MAIL = b"Subject: Hej\r\n\r\nHej\r\n"
SECONDS, GRACE = 1.0, 1.0  # for an answer; and by how much a busy machine may be late
SAID = json.dumps({"score": 1.5, "required_score": 15, "action": "no action", "symbols": {}}).encode()
WELL = {
    "http": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(SAID), SAID),
    "spamd": b"SPAMD/1.1 0 EX_OK\r\nSpam: False ; 1.5 / 5.0\r\n\r\n 1.5 SOME_RULE  Words\n",
}
HTTP = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spam_filters, "SECONDS", SECONDS)


def saying(*octets: bytes, rest: float = 0.0, ends: bool = True) -> Play:
    """Each after a rest, once the mail has come; then the end, or nothing more."""

    async def play(connection: Connection) -> None:
        await connection.reader.readuntil(MAIL)
        for some in octets:
            await connection.say(some)
            await asyncio.sleep(rest)
        if not ends:
            await connection.wait()

    return play


def dripping(octets: bytes, rest: float) -> Play:
    return saying(*(octets[place : place + 1] for place in range(len(octets))), rest=rest)


def forever(begin: bytes, piece: bytes, rest: float = 0.0) -> Play:
    async def play(connection: Connection) -> None:
        await connection.reader.readuntil(MAIL)
        await connection.say(begin)
        while True:
            await connection.say(piece)
            await asyncio.sleep(rest)

    return play


async def resetting(connection: Connection) -> None:
    await connection.reader.readuntil(MAIL)
    await connection.say(b"H")
    connection.reset()


async def deaf(connection: Connection) -> None:
    """Reads nothing, and says nothing."""
    connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(60)


def asked(scheme: str, play: Play, mail: bytes = MAIL) -> tuple[Verdict | None, float]:
    """The verdict, and after how many seconds."""

    async def ask(server: RawProvider) -> tuple[Verdict | None, float]:
        judge, started = judge_at(server.url.replace("http", scheme)), time.monotonic()
        return await asyncio.to_thread(judge, mail), time.monotonic() - started

    return with_server(play, ask)


def with_server(play: Play, act: Callable[[RawProvider], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        async with RawProvider(play) as server:
            return await act(server)

    return asyncio.run(run())


def of_http(body: bytes, status: str = "200 OK", length: int | None = None) -> bytes:
    said = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    return said.encode() + body


def changed(**values: str) -> bytes:
    """The good answer with another value, as it stands on the wire."""
    parts = {"score": "1.5", "required_score": "15", "action": '"no action"', "symbols": "{}"} | values
    return of_http(("{" + ",".join(f'"{name}":{value}' for name, value in parts.items()) + "}").encode())


@pytest.mark.parametrize("scheme", ["http", "spamd"])
def test_an_answer_that_comes_octet_by_octet_is_heard_if_it_comes_in_time(scheme: str) -> None:
    verdict, _ = asked(scheme, dripping(WELL[scheme], 0.0005))

    assert verdict is not None and verdict.score == 1.5


HANGING: dict[str, Play] = {
    "says nothing": saying(ends=False),
    "drips": dripping(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, 0.05),
    "drips what is no line": forever(b"", b"S", 0.02),
    "never ends its head": forever(HTTP, b"X: y\r\n", 0.02),
    "never ends its body": forever(HTTP + b"\r\n", b" ", 0.02),
    "never ends a chunk": forever(HTTP + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.02),
    "says 100 for ever": forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
    "promises more than it says": saying(of_http(SAID, length=5_000), ends=False),
    "stops amid a score": saying(b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6", ends=False),
}


@pytest.mark.parametrize("does", HANGING)
@pytest.mark.parametrize("scheme", ["http", "spamd"])
def test_who_hangs_has_one_time_for_all_of_its_answer(scheme: str, does: str) -> None:
    verdict, seconds = asked(scheme, HANGING[does])

    assert verdict is None
    assert seconds < SECONDS + GRACE, "each octet was given a time of its own"


@pytest.mark.parametrize("scheme", ["http", "spamd"])
def test_who_does_not_read_the_mail_is_not_waited_for(scheme: str) -> None:
    verdict, seconds = asked(scheme, deaf, b"x" * (32 * 1024 * 1024))

    assert verdict is None and seconds < SECONDS + GRACE


ILL: dict[str, Play] = {
    "resets": resetting,
    "floods": forever(HTTP + b"\r\n", b"x" * 65_536),
    "floods a line": forever(b"", b"x" * 65_536),
    "says 500": saying(of_http(SAID, "500 Internal Server Error")),
    "says 302": saying(of_http(SAID, "302 Found")),
    "says more than it may": saying(of_http(b" " * MOST_OCTETS + SAID)),
    "ends too early": saying(of_http(SAID, length=5_000)),
    "promises a petabyte": saying(of_http(SAID, length=10**15)),
    "says bad JSON": saying(of_http(b'{"score":')),
    "says no JSON": saying(of_http(b"\xff\x00")),
    "says something else": saying(of_http(b'[{"score": 1}]')),
    "nests": saying(of_http(b"[" * 100_000)),
    "says nobody's number": saying(changed(score="NaN")),
    "says an endless number": saying(changed(required_score="1e999")),
    "says a number of a thousand digits": saying(changed(score="9" * 1_000)),
    "says rules without end": saying(changed(symbols='{"A": {"score": Infinity}}')),
    "says other rules": saying(changed(symbols="[1]")),
    "is a spamd that failed": saying(b"SPAMD/1.0 76 Bad header line: x\r\n"),
    "is a spamd without numbers": saying(b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; . / .\r\n\r\n"),
    "is a spamd with a large number": saying(b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; %s / 5\r\n\r\n" % (b"9" * 400)),
    "says blank lines": saying(b"SPAMD/1.1 0 EX_OK\r\n" + b"\n" * 500_000 + b"\r\n\r\n" + b"\n" * 500_000),
}


@pytest.mark.parametrize("does", ILL)
@pytest.mark.parametrize("scheme", ["http", "spamd"])
def test_what_nobody_can_read_is_no_verdict(scheme: str, does: str) -> None:
    verdict, seconds = asked(scheme, ILL[does])

    assert verdict is None and seconds < SECONDS + GRACE


def test_a_report_of_blank_lines_takes_no_time() -> None:
    said = WELL["spamd"] + b"\n" * 900_000

    verdict, seconds = asked("spamd", saying(said))

    assert verdict is not None and [rule.name for rule in verdict.rules] == ["SOME_RULE"]
    assert seconds < SECONDS + GRACE, "it would hold the whole process, for the expression lets nobody else on"


def test_one_that_hangs_holds_a_few_at_most() -> None:
    async def act(server: RawProvider) -> None:
        judge = judge_at(server.url)
        waiting = [asyncio.create_task(asyncio.to_thread(judge, MAIL)) for _ in range(MOST_AT_ONCE)]
        while server.connections < MOST_AT_ONCE:
            await asyncio.sleep(0.01)

        started = time.monotonic()
        assert await asyncio.to_thread(judge, MAIL) is None
        assert time.monotonic() - started < SECONDS / 2, "all places are taken"
        assert server.connections == MOST_AT_ONCE

        assert await asyncio.gather(*waiting) == [None] * MOST_AT_ONCE
        await server.calm(saying(WELL["http"]))
        assert await asyncio.to_thread(judge, MAIL) is not None, "they are free again"

    with_server(saying(ends=False), act)
