"""A server that breaks the rules of HTTP: nothing of it is taken for an acceptance, and nothing is asked twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from ott_gateway.wires.whatsapp import TemplatesUnread, Whatsapp, WhatsappAccount

ACCOUNT = WhatsappAccount("106540352242922", "102290129340398", "EAA-of-a-test")
TAKEN = b'{"messages":[{"id":"wamid.A"}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
HANG, CLOSE = "hang", "close"
TIMEOUT = 0.4


def with_length(body: bytes, length: int | None = None) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


@asynccontextmanager
async def server(says: bytes, then: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answers every request with these octets, and then closes or waits; the heads of what it was asked."""
    asked: list[bytes] = []

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(says)
            await writer.drain()
            if then == HANG:
                await asyncio.sleep(5)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", asked
    finally:
        listening.close()


@asynccontextmanager
async def place() -> AsyncIterator[None]:
    yield


async def told(says: bytes, then: str) -> tuple[Answer, str | None, int]:
    async with server(says, then) as (url, asked):
        client = http.new_client(TIMEOUT)
        answer, wamid = await Whatsapp(client, client, url, "v23.0").send(ACCOUNT, {"to": "48600100200"}, place)
        await client.aclose()
        return answer, wamid, len(asked)


@pytest.mark.parametrize(
    ("says", "then"),
    [
        (b"", CLOSE),  # the connection ends without a word
        (b"", HANG),
        (b"HTTP/1.1 200", HANG),  # half a line
        (HEAD, HANG),  # a head that does not end
        (with_length(TAKEN, 4_000), CLOSE),  # shorter than it says
        (with_length(TAKEN[:-1]), HANG),  # half a document
        (with_length(b""), HANG),
        (with_length(b"\xff\xfe\x00"), HANG),
        (with_length(b"null"), HANG),
        (with_length(b'{"messages":[{"id":7}]}'), HANG),
        (with_length(b'{"messages":[{"id":""}]}'), HANG),
        (with_length(b'{"messages":[{"id":"' + b"w" * 300 + b'"}]}'), HANG),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", CLOSE),  # no number of octets
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"mes", HANG),
        (b"HTTP/9.9 200 OK\r\n\r\n", CLOSE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", CLOSE),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", HANG),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", HANG),
    ],
)  # fmt: skip
def test_what_is_no_answer_leaves_a_message_unknown_and_it_is_asked_once(says: bytes, then: str) -> None:
    answer, wamid, asked = asyncio.run(told(says, then))

    assert (answer.verdict, wamid, asked) == (Verdict.UNKNOWN, None, 1)


def test_who_is_not_there_has_got_nothing() -> None:
    async def ask() -> Answer:
        client = http.new_client(TIMEOUT)
        answer, _ = await Whatsapp(client, client, "http://127.0.0.1:9", "v23.0").send(ACCOUNT, {}, place)
        return answer

    answer = asyncio.run(ask())

    assert (answer.verdict, answer.is_general) == (Verdict.LATER, True)


def test_nobody_is_followed_to_another_address() -> None:
    """A token goes to nobody else."""
    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"

    answer, _, asked = asyncio.run(told(elsewhere, HANG))

    assert (answer.verdict, asked) == (Verdict.REFUSED, 1)


@pytest.mark.parametrize(
    "says", [b"", with_length(b"{"), with_length(b"[]"), with_length(b"{}"), with_length(TAKEN, 4_000)]
)
def test_templates_that_cannot_be_read_whole_are_not_taken_for_none(says: bytes) -> None:
    async def read() -> None:
        async with server(says, CLOSE) as (url, _):
            client = http.new_client(TIMEOUT)
            await Whatsapp(client, client, url, "v23.0").templates(ACCOUNT)

    with pytest.raises(TemplatesUnread):
        asyncio.run(read())
