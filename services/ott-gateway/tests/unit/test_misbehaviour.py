"""A server that breaks the rules of HTTP while templates are read; docs/provider-peers.md has what messages meet."""

from __future__ import annotations

import asyncio

import pytest

from channel.providers import http
from channel.testing_peers import RawProvider, saying
from ott_gateway.wires.whatsapp import TemplatesUnread, Whatsapp, WhatsappAccount

ACCOUNT = WhatsappAccount("106540352242922", "102290129340398", "EAA-of-a-test")
TAKEN = b'{"messages":[{"id":"wamid.A"}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TIMEOUT = 60.0


def with_length(body: bytes, length: int | None = None) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) if length is None else length) + body


@pytest.mark.parametrize(
    "says", [b"", with_length(b"{"), with_length(b"[]"), with_length(b"{}"), with_length(TAKEN, 4_000)]
)
def test_templates_that_cannot_be_read_whole_are_not_taken_for_none(says: bytes) -> None:
    async def read() -> None:
        async with RawProvider(saying(says)) as server:
            client = http.new_client(TIMEOUT)
            await Whatsapp(client, client, server.url, "v23.0").templates(ACCOUNT)

    with pytest.raises(TemplatesUnread):
        asyncio.run(read())
