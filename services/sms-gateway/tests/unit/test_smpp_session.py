"""A connection while its bind is looked at, and at its end."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from tls_peer import identity

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Command
from sms_gateway.smpp.pdu import Pdu
from sms_gateway.smpp_server.ports import Host
from sms_gateway.smpp_server.session import Session

PATIENCE = 20.0
BIND = smpp.encode(Pdu(Command.BIND_TRANSCEIVER, 1, 0, {"system_id": "nobody", "password": "guess"}))


@pytest.mark.parametrize("behind", [b"", BIND])
def test_who_leaves_while_its_bind_waits_is_noticed(behind: bytes) -> None:
    """A connection that is not read does not tell of its end, and would keep its turn."""
    asyncio.run(left_while_binding(BIND + behind))


async def left_while_binding(octets: bytes) -> None:
    host = Mock(Host)  # answers no bind
    session = Session(host)
    server = await asyncio.get_running_loop().create_server(lambda: session, "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(octets)
        while not host.bind.called:
            await asyncio.sleep(0)
        writer.close()
        await asyncio.wait_for(session.closed, PATIENCE)


def test_what_comes_after_the_end_of_a_tls_connection_is_no_fault(tmp_path: Path) -> None:
    """asyncio's TLS forgets its protocol when it is closed twice: a write then failed, and an abort did nothing."""
    assert asyncio.run(broken_framing_again_and_again(tmp_path)) == []


async def broken_framing_again_and_again(folder: Path) -> list[dict[str, Any]]:
    loop, faults, host = asyncio.get_running_loop(), list[dict[str, Any]](), Mock(Host)
    loop.set_exception_handler(lambda _loop, context: faults.append(context))
    session, own, pem = Session(host), identity("127.0.0.1"), folder / "own.pem"
    pem.write_text(own.key + own.certificate)
    served, asked = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl._create_unverified_context()
    served.load_cert_chain(pem)
    server = await loop.create_server(lambda: session, "127.0.0.1", 0, ssl=served)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=asked)
        while not host.admit.called:
            await asyncio.sleep(0)
        for _ in range(3):
            session.data_received(b"\0\0\0\1")
        writer.close()
        await asyncio.wait_for(session.closed, PATIENCE)
    return faults
