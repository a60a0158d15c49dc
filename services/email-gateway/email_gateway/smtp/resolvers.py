"""DNS resolvers that ask the name servers of the configuration."""

from __future__ import annotations

from typing import TypeVar

import dns.asyncresolver
import dns.flags
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


def validating(nameservers: tuple[str, ...], *, lifetime: float) -> dns.asyncresolver.Resolver:
    """A resolver whose answers say whether they were validated (RFC 6840 section 5.7)."""
    resolver = configured(dns.asyncresolver.Resolver, nameservers, lifetime=lifetime)
    resolver.flags = dns.flags.RD | dns.flags.AD
    return resolver


def is_validated(answer: dns.resolver.Answer) -> bool:
    return bool(answer.response.flags & dns.flags.AD)


def _server(name: str) -> dns.nameserver.Nameserver:
    address, colon, port = name.partition(":")
    if colon and port.isdigit() and dns.inet.is_address(address):
        return dns.nameserver.Do53Nameserver(address, int(port))
    return dns.nameserver.Do53Nameserver(name)
