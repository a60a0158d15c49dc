"""Invitations: which contact a link is of, and until when, under a key of the bot's own."""

from __future__ import annotations

import base64
import hmac
import struct
from uuid import UUID

KEY_BYTES = 32
_MAC_BYTES = 16


def sign(key: bytes, contact_id: UUID, expires_at: int) -> str:
    """What a link carries, as base64url. :param expires_at: Unix seconds."""
    said = contact_id.bytes + struct.pack(">I", expires_at)
    return base64.urlsafe_b64encode(said + _mac(key, said)).decode().rstrip("=")


def read(key: bytes, invitation: str, now: float) -> UUID | None:
    """The contact that it is of; None: it is none of this bot's, or it is over."""
    try:
        raw = base64.urlsafe_b64decode(invitation + "=" * (-len(invitation) % 4))
    except ValueError:
        return None
    said, mac = raw[:20], raw[20:]
    if len(raw) != 20 + _MAC_BYTES or not hmac.compare_digest(mac, _mac(key, said)):
        return None
    (expires_at,) = struct.unpack(">I", said[16:])
    return UUID(bytes=said[:16]) if now <= expires_at else None


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, b"viber-invitation:" + said, "sha256")[:_MAC_BYTES]


def link(uri: str, invitation: str) -> str:
    """https://developers.viber.com/docs/tools/deep-links/"""
    return f"viber://pa?chatURI={uri}&context={invitation}"
