"""Client addresses are believed only from configured proxies; lists hold IPv4, IPv6 and networks."""

import pytest

from api_gateway.addresses import ClientAddress, GlobalRules, check_account_rules
from contracts.errors import Forbidden


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("198.51.100.7", None, "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # not a proxy of ours: what it says is nothing
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),  # the left one was invented by the client
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),  # two proxies in a row
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:50123", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9", "127.0.0.1"),
    ],
)
def test_client_address(peer, forwarded, client):
    assert ClientAddress(("10.0.0.0/8",)).of(peer, forwarded) == client


@pytest.mark.parametrize(
    ("address", "lists", "allowed"),
    [
        ("192.0.2.1", [[]], True),
        ("192.0.2.1", [["192.0.2.1"]], True),
        ("192.0.2.1", [["192.0.2.0/24", "2001:db8::/32"]], True),
        ("192.0.3.1", [["192.0.2.0/24"]], False),
        ("2001:db8::5", [["2001:db8::/32"]], True),
        ("2001:db9::5", [["2001:db8::/32"]], False),
        ("192.0.2.1", [["192.0.2.0/24"], ["192.0.2.2"]], False),  # the account allows it, the key does not
        ("192.0.2.1", [["rubbish"]], False),
    ],
)
def test_account_rules(address, lists, allowed):
    if allowed:
        check_account_rules(address, lists)
    else:
        with pytest.raises(Forbidden):
            check_account_rules(address, lists)


def test_global_rules_block_and_allow():
    rules = GlobalRules(("192.0.2.0/24",), ("192.0.2.66",))

    rules.check("192.0.2.1")
    for refused in ("192.0.2.66", "198.51.100.1"):
        with pytest.raises(Forbidden):
            rules.check(refused)
