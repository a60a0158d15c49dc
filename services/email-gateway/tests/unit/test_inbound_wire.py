"""The end of a connection that came in, with a peer that does not read, or does not shake hands."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chassis.certificates import Certificates
from email_gateway.mailroom.connection import Connection
from email_gateway.smtp import inbound_wire
from email_gateway.smtp.inbound_wire import Closed, InboundWire
from email_gateway.submission.certificates import self_signed_pem

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    monkeypatch.setattr(inbound_wire, "CLOSE_SECONDS", 0.01)
    paths = tmp_path / "tls.crt", tmp_path / "tls.key"
    for path, octets in zip(paths, self_signed_pem("a.example"), strict=True):
        path.write_bytes(octets)
    return Certificates(*paths).current()


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def with_a_peer(use: Callable[[InboundWire, Peer], Awaitable[None]]) -> None:
    """Until `use` has ended and the connection is lost; the peer reads no more than its buffers take."""

    async def run() -> None:
        made: asyncio.Future[InboundWire] = asyncio.get_running_loop().create_future()
        server = await asyncio.get_running_loop().create_server(lambda: InboundWire(made.set_result), "127.0.0.1", 0)
        peer = await asyncio.open_connection(*server.sockets[0].getsockname())
        wire = await made
        await use(wire, peer)
        await asyncio.wait_for(wire.lost(), 20)
        peer[1].transport.abort()
        server.close()

    asyncio.run(run())


@pytest.mark.parametrize("is_secure", [False, True])
def test_a_peer_that_does_not_read_holds_up_no_end(context: ssl.SSLContext, is_secure: bool) -> None:
    async def use(wire: InboundWire, peer: Peer) -> None:
        if is_secure:
            await asyncio.gather(wire.start_tls(context), peer[1].start_tls(trusting()))
        with pytest.raises(TimeoutError):
            while True:
                await wire.write(b"x" * 65_536, 0.05)
        wire.close()

    with_a_peer(use)


def test_a_handshake_that_fails_or_is_given_up_is_an_end(context: ssl.SSLContext) -> None:
    async def fails(wire: InboundWire, peer: Peer) -> None:
        peer[1].write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(Closed):
            await wire.start_tls(context)

    async def is_given_up(wire: InboundWire, _peer: Peer) -> None:
        shaking = asyncio.create_task(wire.start_tls(context))
        await asyncio.sleep(0)
        shaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await shaking
        with pytest.raises(Closed):
            await wire.write(b"421 no clear text among what is encrypted\r\n")

    with_a_peer(fails)
    with_a_peer(is_given_up)


@settings(max_examples=300)
@given(said=st.text(st.sampled_from('<>@:," \\()[].\tab\0'), max_size=8))
@example(said="<")
@example(said="<@")
@example(said='"')
@example(said="a@[")
@example(said="<@[ ")
@example(said="<@\0:")
def test_what_is_no_address_is_none(said: str) -> None:
    connection = Connection.__new__(Connection)

    address, _rest = connection._getaddr(said)

    assert address is None or isinstance(address, str)
