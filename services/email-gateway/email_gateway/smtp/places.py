"""What may not stand where a mail host's name does."""

from __future__ import annotations

from ipaddress import ip_address


def is_literal(host: str) -> bool:
    """Whether it is an address, where only a name may stand (RFC 5321 section 5.1)."""
    try:
        ip_address(host.strip("[]").removeprefix("IPv6:"))
    except ValueError:
        return False
    return True
