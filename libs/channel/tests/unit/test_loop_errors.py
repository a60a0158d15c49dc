"""What fails on the outbound loop is told without what it was given; the process ends where messages may be lost."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any
from unittest.mock import Mock

import pytest
from structlog.testing import capture_logs

from channel.outbound import OutboundProcess


def outbound() -> tuple[OutboundProcess, Any]:
    process = Mock()
    return OutboundProcess(process, Mock(), linger=0.0), process.fail


def told_of(outbound: OutboundProcess, fail: Callable[[], Awaitable[None]]) -> None:
    """Until the loop is told of what `fail` brings about."""

    async def run() -> None:
        running, told = asyncio.get_running_loop(), asyncio.Event()

        def on_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            outbound._on_loop_error(loop, context)
            told.set()

        running.set_exception_handler(on_error)
        await fail()
        await asyncio.wait_for(told.wait(), 10)

    asyncio.run(run())


def test_a_callback_that_fails_is_named_without_its_arguments() -> None:
    process, ends = outbound()

    def settle(_message: Any) -> None:
        raise RuntimeError

    async def fail() -> None:
        asyncio.get_running_loop().call_soon(settle, {"address": "jan@poczta.example"})

    with capture_logs() as lines:
        told_of(process, fail)
    assert lines[0]["event"] == "loop_error"
    assert lines[0]["message"].endswith("settle")
    ends.assert_called_once_with()


@pytest.mark.parametrize("method", ["data_received", "eof_received"])
def test_a_connection_that_fails_over_what_it_hears_ends_the_process(method: str) -> None:
    """What it had taken in hand is settled by nobody else: its claim would be renewed for ever."""
    process, ends = outbound()
    protocol = type("Broken", (asyncio.Protocol,), {method: Mock(side_effect=KeyError)})
    ours, theirs = socket.socketpair()

    async def fail() -> None:
        await asyncio.get_running_loop().create_connection(protocol, sock=ours)
        theirs.sendall(b"250 ok\r\n")
        theirs.shutdown(socket.SHUT_WR)

    with closing(theirs), capture_logs() as lines:
        told_of(process, fail)
    assert method in lines[0]["message"]
    ends.assert_called_once_with()


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Fatal error on transport", ConnectionResetError()),
        ("Fatal error on SSL protocol", ssl.SSLError()),
        ("SSL handshake failed", ValueError("a certificate that cannot be read")),
    ],
)
def test_what_a_peer_alone_brings_about_ends_no_process(message: str, error: Exception) -> None:
    process, ends = outbound()
    with capture_logs() as lines:
        process._on_loop_error(
            Mock(), {"message": message, "exception": error, "protocol": Mock(), "transport": Mock()}
        )
    assert lines[0]["event"] == "loop_error"
    ends.assert_not_called()
