"""Whose address a request comes from, and which addresses may come."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from contracts.errors import Forbidden

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]


@lru_cache(maxsize=4096)
def networks(texts: tuple[str, ...]) -> Networks:
    """Parse addresses and networks (IPv4, IPv6, CIDR); raises ValueError naming none of them."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


@lru_cache(maxsize=16384)
def parse(text: str) -> Address | None:
    """An address in its simplest form: an IPv4 address mapped into IPv6 is IPv4; None for what is no address."""
    plain = text.strip().removeprefix("[").partition("]")[0].partition("%")[0]
    if plain.count(":") == 1:  # Some proxies write `192.0.2.1:50123`.
        plain = plain.partition(":")[0]
    try:
        address = ip_address(plain)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def neighbourhood(text: str) -> str:
    """What one customer holds: an IPv4 address, or the /64 around an IPv6 address."""
    address = parse(text)
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else text


def contains(listed: Networks, address: Address) -> bool:
    return any(address.version == network.version and address in network for network in listed)


class ClientAddress:
    """Finds the client's address: the peer's, or what trusted proxies say.

    :param trusted_proxies: networks of proxies whose `X-Forwarded-For` is believed. From right to left, the first
        address there that is not itself a trusted proxy is the client; anything further left may be invented by it.
    """

    def __init__(self, trusted_proxies: tuple[str, ...]) -> None:
        self._trusted = networks(trusted_proxies)

    @property
    def source(self) -> str:
        """What is taken for the client's address, in a word."""
        return "forwarded" if self._trusted else "peer"

    def of(self, peer: str, forwarded_for: str | None) -> str:
        """:returns: the address as text; the peer's where nothing better is known."""
        address = parse(peer)
        if address is None:
            return "127.0.0.1"  # A Unix socket: the peer is on this machine.
        if forwarded_for and self._trusted and contains(self._trusted, address):
            for hop in reversed(forwarded_for.split(",")):
                named = parse(hop)
                if named is None:
                    break
                address = named
                if not contains(self._trusted, address):
                    break
        return str(address)


class GlobalRules:
    """The operator's own lists, before anyone is asked who is calling."""

    def __init__(self, allowed: tuple[str, ...], blocked: tuple[str, ...]) -> None:
        self._allowed = networks(allowed)
        self._blocked = networks(blocked)

    def check(self, address_text: str) -> None:
        """:raises Forbidden: the address is blocked, or not on the list where there is one."""
        if not self._allowed and not self._blocked:
            return
        address = parse(address_text)
        if address is None or contains(self._blocked, address):
            raise _refused()
        if self._allowed and not contains(self._allowed, address):
            raise _refused()


def check_account_rules(address_text: str, lists: Iterable[Iterable[str]]) -> None:
    """Each non-empty list must hold the address.

    :raises Forbidden: one of them does not.
    """
    for texts in lists:
        listed = tuple(texts)
        if not listed:
            continue
        address = parse(address_text)
        try:
            allowed = address is not None and contains(networks(listed), address)
        except ValueError:
            allowed = False
        if not allowed:
            raise _refused()


def _refused() -> Forbidden:
    return Forbidden("address.not_allowed", "This address may not use the API.")
