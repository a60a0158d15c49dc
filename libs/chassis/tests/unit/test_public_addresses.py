"""Where a stranger's name may lead: public addresses, and what an operator names."""

import pytest

from chassis.public_addresses import may_connect, networks

PRIVATE = [
    "127.0.0.1", "127.8.9.10", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "255.255.255.255", "224.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::808:808", "2002:7f00:1::", "::7f00:1",
    "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "fec0::1", "5f00::1", "3fff::1", "2001:db8::1", "2001::1", "192.0.0.8",
    "192.88.99.1", "240.0.0.1",
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
