"""Return paths that name their message (VERP), so that a bounce that comes later finds it.

`b` + base32 of the message id (26 characters) + base32 of five octets of an HMAC (8 characters), at the return-path
domain: 35 characters of the 64 that a local part may have. The HMAC keeps strangers from bouncing others' messages.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32decode, b32encode
from uuid import UUID

_LENGTH = 35


def encode(message_id: UUID, domain: str, key: bytes) -> str:
    """The envelope sender of the message."""
    raw = message_id.bytes
    text = b32encode(raw).rstrip(b"=") + b32encode(_mac(raw, key))
    return f"b{text.decode().lower()}@{domain}"


def decode(address: str, keys: list[bytes]) -> UUID | None:
    """The message id in a return path that one of `keys` made, else None; letter case does not matter."""
    local = address.rsplit("@", 1)[0]
    if len(local) != _LENGTH or local[0] not in "bB":
        return None
    try:
        raw, mac = b32decode(local[1:27].upper() + "======"), b32decode(local[27:].upper())
    except ValueError:
        return None
    return UUID(bytes=raw) if any(hmac.compare_digest(_mac(raw, key), mac) for key in keys) else None


def _mac(raw: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"verp" + raw, hashlib.sha256)[:5]
