"""A connection while its bind is looked at."""

from __future__ import annotations

import asyncio
from unittest.mock import Mock

import pytest

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
