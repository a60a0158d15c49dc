"""Return paths that name their message (VERP), so that a bounce that comes later finds it.

`b` + the message id in hexadecimal (32 characters) + five octets of an HMAC (10 characters), at the return-path domain:
43 characters of the 64 that a local part may have, in an alphabet that survives changes of letter case. The HMAC keeps
strangers from bouncing others' messages.
"""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

_LENGTH = 43


def encode(message_id: UUID, domain: str, key: bytes) -> str:
    """The envelope sender of the message."""
    return f"b{message_id.hex}{_mac(message_id.bytes, key).hex()}@{domain}"


def decode(address: str, keys: list[bytes]) -> UUID | None:
    """The message id in a return path that one of `keys` made, else None; letter case does not matter."""
    local = address.rsplit("@", 1)[0]
    if len(local) != _LENGTH or local[0] not in "bB":
        return None
    try:
        raw, mac = bytes.fromhex(local[1:33]), bytes.fromhex(local[33:])
    except ValueError:
        return None
    if len(raw) != 16:  # white space inside, which fromhex passes over
        return None
    return UUID(bytes=raw) if any(hmac.compare_digest(_mac(raw, key), mac) for key in keys) else None


def _mac(raw: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"verp" + raw, hashlib.sha256)[:5]
