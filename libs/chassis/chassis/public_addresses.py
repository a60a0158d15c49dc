"""Where a stranger's name may lead: customers write mail hosts and webhooks, and our own network is not theirs.

Whoever connects resolves the name, judges each address, and connects to exactly that one: a second lookup may answer
otherwise (docs/decisions/0035).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Networks = tuple[IPv4Network | IPv6Network, ...]
# What leads on to an IPv4 address (RFC 6052), and how IPv6 once wrote one (RFC 4291 section 2.5.5.1).
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
# All that IANA gives out for the whole Internet. What lies beside it may lead somewhere inside a network: site-local
# addresses, translators (RFC 7915, 8215), segments (RFC 9602); Python 3.11 takes some of them for public.
_UNICAST = IPv6Network("2000::/3")
# Public as Python 3.11 sees them: examples (RFC 9637), protocols of the IETF (RFC 6890), relays of 6to4 (RFC 7526).
_NOBODYS = (IPv6Network("3fff::/20"), IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))


def networks(texts: Iterable[str]) -> Networks:
    """:raises ValueError: one is no network."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def may_connect(text: str, allowed: Networks) -> bool:
    """Whether an address is public, or in one of the networks that are allowed all the same."""
    address = _inner(ip_address(text.partition("%")[0]))
    if is_in(address, allowed):
        return True
    if is_in(address, _NOBODYS) or (isinstance(address, IPv6Address) and address not in _UNICAST):
        return False
    return address.is_global and not address.is_multicast


def is_in(address: IPv4Address | IPv6Address, some: Networks) -> bool:
    return any(address.version == network.version and address in network for network in some)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address leads to, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
