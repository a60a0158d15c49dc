"""Mail to strangers' domains goes to public addresses: DNS of a domain is written by whoever holds it."""

import asyncio
from uuid import UUID

import pytest

from email_gateway.domain.retrying import Result
from email_gateway.smtp.places import is_literal, may_connect, networks
from email_gateway.smtp.pool import Destination, Limits, Parcel, Pool
from email_gateway.smtp.session import Peer, Tls

PRIVATE = [
    "127.0.0.1", "127.8.9.10", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "255.255.255.255", "224.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_places_are_not_connected_to(address):
    assert not may_connect(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4001::1b", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_places_are(address):
    assert may_connect(address, ())


def test_an_operator_may_name_networks_of_their_own():
    assert may_connect("10.1.2.3", networks(["10.1.0.0/16"]))
    assert not may_connect("10.2.2.3", networks(["10.1.0.0/16"]))


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

    pool = Pool(lambda _domain: ("x", lambda: Destination(peers, Limits(), patient=False)))
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
