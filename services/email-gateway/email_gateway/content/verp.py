"""Addresses of ours that name a message: its return path (VERP), so that a bounce that comes later finds it, and the
address that unsubscribes its recipient.

`b` (bounces) or `u` (unsubscribes) + the message id in hexadecimal (32 characters) + five octets of an HMAC (10
characters), at the return-path domain: 43 characters of the 64 that a local part may have, in an alphabet that survives
changes of letter case. The HMAC keeps strangers from bouncing others' messages; each kind has one of its own, for
everybody who handles a mail sees its return path.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

_LENGTH = 43


class Kind(StrEnum):
    BOUNCE = "b"
    UNSUBSCRIBE = "u"


_PURPOSE = {Kind.BOUNCE: b"verp", Kind.UNSUBSCRIBE: b"unsubscribe"}


def encode(message_id: UUID, domain: str, key: bytes, kind: Kind = Kind.BOUNCE) -> str:
    """The address of this kind that names the message."""
    return f"{kind}{message_id.hex}{_mac(message_id.bytes, key, kind).hex()}@{domain}"


def decode(address: str, keys: Sequence[bytes], kind: Kind = Kind.BOUNCE) -> UUID | None:
    """The message id in an address of this kind that one of `keys` made, else None; letter case does not matter."""
    local = address.rsplit("@", 1)[0]
    if len(local) != _LENGTH or not local.isascii() or local[0].lower() != kind:
        return None
    try:
        raw, mac = bytes.fromhex(local[1:33]), bytes.fromhex(local[33:])
    except ValueError:
        return None
    if len(raw) != 16:  # white space inside, which fromhex passes over
        return None
    return UUID(bytes=raw) if any(hmac.compare_digest(_mac(raw, key, kind), mac) for key in keys) else None


def _mac(raw: bytes, key: bytes, kind: Kind) -> bytes:
    return hmac.digest(key, _PURPOSE[kind] + raw, hashlib.sha256)[:5]
