"""Lists of networks that may use something: the one rule by which an address is among them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


def allows(networks: Iterable[str], address: str) -> bool:
    """Whether `address` lies in one of the networks (CIDR); an empty list allows every address.

    An IPv4 address as IPv6 sockets write it (RFC 4291 section 2.5.5.2) is the IPv4 address; what is no address lies in
    no network.
    """
    listed = [ip_network(network) for network in networks]
    if not listed:
        return True
    found = parsed(address)
    return found is not None and any(found in network for network in listed)


def parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
