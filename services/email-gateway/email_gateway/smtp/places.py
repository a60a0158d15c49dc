"""Where mail to strangers may be taken: DNS of a recipient's domain is written by whoever holds the domain."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Networks = tuple[IPv4Network | IPv6Network, ...]
# What leads on to an IPv4 address (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")


def networks(texts: Iterable[str]) -> Networks:
    """:raises ValueError: one is no network."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def is_literal(host: str) -> bool:
    """Whether it is an address, where only a name may stand (RFC 5321 section 5.1)."""
    try:
        ip_address(host.strip("[]").removeprefix("IPv6:"))
    except ValueError:
        return False
    return True


def may_connect(text: str, allowed: Networks) -> bool:
    """Whether an address is public, or in one of the networks that are allowed all the same."""
    address = _inner(ip_address(text.partition("%")[0]))
    if any(address.version == network.version and address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address leads to, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
