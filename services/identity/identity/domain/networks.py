"""Lists of addresses and networks, IPv4 and IPv6 (A11)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from contracts.errors import Invalid


def canonical(entries: Iterable[str], *, field: str) -> list[str]:
    """The networks in canonical form (`192.0.2.7` → `192.0.2.7/32`), without repeats; raises `Invalid`."""
    networks: dict[str, None] = {}
    for number, entry in enumerate(entries):
        try:
            networks[str(ipaddress.ip_network(entry.strip(), strict=False))] = None
        except ValueError:
            raise Invalid.of_field(
                f"{field}.{number}", "address.invalid", "Not an address or network such as 192.0.2.0/24."
            ) from None
    return list(networks)


def network_of(address: str, *, ipv4_bits: int) -> str:
    """The network that an address lies in: a /64 for IPv6; what is no address stays as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = 64 if parsed.version == 6 else ipv4_bits
    return str(ipaddress.ip_network((parsed, bits), strict=False))


def is_within(inner: Iterable[str], outer: Iterable[str]) -> bool:
    """Whether every address that `inner` allows is one that `outer` allows; both canonical, empty lists allow all."""
    around = [ipaddress.ip_network(network) for network in outer]
    within = [ipaddress.ip_network(network) for network in inner]
    if not around or not within:
        return not around
    return all(
        any(each.version == wide.version and each.subnet_of(wide) for wide in around)  # type: ignore[arg-type]
        for each in within
    )
