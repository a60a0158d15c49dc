"""DNS resolvers that ask the name servers of the configuration."""

from __future__ import annotations

from typing import TypeVar

import dns.inet
import dns.nameserver
import dns.resolver

Made = TypeVar("Made", bound=dns.resolver.BaseResolver)


def configured(kind: type[Made], nameservers: tuple[str, ...], *, lifetime: float) -> Made:
    """:param nameservers: addresses, or `address:port` of IPv4; none: the system's."""
    resolver = kind(configure=not nameservers)
    if nameservers:
        resolver.nameservers = [_server(each) for each in nameservers]
    resolver.lifetime = lifetime
    return resolver


def _server(name: str) -> dns.nameserver.Nameserver:
    address, colon, port = name.partition(":")
    if colon and port.isdigit() and dns.inet.is_address(address):
        return dns.nameserver.Do53Nameserver(address, int(port))
    return dns.nameserver.Do53Nameserver(name)
