"""How many connections there may be, and how much of mails that are coming in: in all and from one address."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv6Address, ip_address, ip_network

from prometheus_client import Gauge

CONNECTIONS = Gauge("wici_mailroom_connections", "Connections of servers that bring mail")
HELD_OCTETS, HELD_OF_ADDRESS = 64 << 20, 16 << 20
IPV6_NETWORK = 64  # what one customer of a provider has


class Doors:
    """Used on the loop's thread alone. IPv6 addresses of one network count as one."""

    def __init__(self, *, most: int, most_of_address: int) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._open: Counter[str] = Counter()
        self._held: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Whether there is room; who entered leaves by `leave`."""
        name = _name(address)
        if self._open.total() >= self._most or self._open[name] >= self._most_of_address:
            return False
        self._open[name] += 1
        CONNECTIONS.set(self._open.total())
        return True

    def leave(self, address: str) -> None:
        name = _name(address)
        self._open[name] -= 1
        if not self._open[name]:
            del self._open[name]
        CONNECTIONS.set(self._open.total())

    def hold(self, address: str, octets: int) -> bool:
        """Whether there is room for so many octets more; what was held is given back by `release`."""
        name = _name(address)
        if self._held[name] + octets > HELD_OF_ADDRESS or self._held.total() + octets > HELD_OCTETS:
            return False
        self._held[name] += octets
        return True

    def release(self, address: str, octets: int) -> None:
        name = _name(address)
        self._held[name] -= octets
        if not self._held[name]:
            del self._held[name]


def _name(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, IPV6_NETWORK), strict=False))
    return str(parsed)
