"""Mail to strangers' domains goes to public addresses: DNS of a domain is written by whoever holds it."""

import asyncio
from uuid import UUID

import pytest

from chassis.public_addresses import networks
from email_gateway.domain.retrying import Result
from email_gateway.smtp.destinations import Destination, Limits, Parcel
from email_gateway.smtp.peers import Peer, Tls
from email_gateway.smtp.places import is_literal
from email_gateway.smtp.pool import Pool


def test_an_address_is_no_name():
    assert [is_literal(host) for host in ("10.0.0.1", "[10.0.0.1]", "[IPv6:::1]", "mx.example", "1.2.3")] == [
        True, True, True, False, False,
    ]  # fmt: skip


async def _outcome(hosts, allowed):
    """What becomes of a message whose domain has these MX hosts, with a server listening on this machine."""
    connections = []

    async def serve(_reader, writer):
        connections.append(writer)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    done = asyncio.get_running_loop().create_future()

    async def peers():
        return [Peer(host, port, Tls.OFF, allowed=allowed) for host in hosts]

    pool = Pool(lambda _domain, _source: ("x", lambda: Destination(peers, Limits(), patient=False)))
    pool.submit(
        [Parcel(UUID(int=1), "s@x.example", "a@b.example", b"", False, lambda _p, found: done.set_result(found))]
    )
    outcome = await asyncio.wait_for(done, 20)
    listener.close()
    return outcome, len(connections)


@pytest.mark.parametrize("hosts", [["localhost"], ["127.0.0.1"], ["2130706433"], ["localhost", "127.0.0.1"]])
def test_an_mx_that_points_at_us_is_never_connected_to(hosts):
    outcome, connections = asyncio.run(_outcome(hosts, ()))

    assert (outcome.result, outcome.code, connections) == (Result.SOFT, "5.4.4", 0)


@pytest.mark.parametrize("allowed", [None, networks(["127.0.0.0/8"])])
def test_where_an_operator_says_so_it_is(allowed):
    _, connections = asyncio.run(_outcome(["localhost"], allowed))

    assert connections > 0
