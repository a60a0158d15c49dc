"""User data headers: elements that stand before a message's text (3GPP TS 23.040 section 9.2.3.24)."""

from __future__ import annotations

from collections.abc import Iterator

from sms_gateway.smpp.constants import ESM_UDH


def taken_apart(octets: bytes, esm_class: int) -> tuple[bytes, bytes]:
    """The user data header without its length, and what is behind it."""
    if not esm_class & ESM_UDH or not octets:
        return b"", octets
    return octets[1 : octets[0] + 1], octets[octets[0] + 1 :]


def elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """Identifier and octets of each."""
    while len(header) >= 2:
        size = header[1]
        yield header[0], header[2 : 2 + size]
        header = header[2 + size :]


def written(*of: tuple[int, bytes]) -> bytes:
    """Elements as they travel, without the length of all."""
    return b"".join(bytes((identifier, len(element))) + element for identifier, element in of)
