"""Signed, self-contained tokens for links in messages: clicks, opens and unsubscribes.

A token is base64url without padding of

    1 byte   version: 2, or 3 for a click that says its place (1: signed by the ring's key itself, in old messages)
    1 byte   kind: `c` click, `o` open, `u` unsubscribe
    16 bytes each: account, campaign, message, contact (zeros where there is none)
    2 + 2 bytes, in version 3: number of the link in the content, from 0; how many characters of the target are the
             same for every recipient
    n bytes  UTF-8 target address (click), else the channel's name
    12 bytes HMAC-SHA256 of all before it, truncated, under a key of this kind of link alone

The channel that renders a message makes them; the gateway answers from the token alone, with every service down. When
the message was sent stands in its id (`contracts.ids`), so every token that is out already carries its time too.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from contracts import ids

MAC_BYTES = 12
_PLACED, _VERSION, _OLD_VERSION = 3, 2, 1
_NO_ID = bytes(16)
_IDS = 66  # bytes, with version and kind
_PLACE, _MOST = struct.Struct(">HH"), 0xFFFF
HIDDEN = "…"


class TokenKind(StrEnum):
    CLICK = "c"
    OPEN = "o"
    UNSUBSCRIBE = "u"


class Place(NamedTuple):
    """Where in the content a link stands, and how many characters of its target are the same for every recipient."""

    number: int
    shared: int


@dataclass(frozen=True, slots=True)
class Token:
    kind: TokenKind
    account_id: UUID
    campaign_id: UUID | None
    message_id: UUID
    contact_id: UUID | None
    target: str
    place: Place | None = None

    @property
    def shared_target(self) -> str | None:
        """The target without what is this recipient's; None where the token does not say what that is."""
        if self.place is None:
            return None
        shared = self.target[: self.place.shared]
        return shared if shared == self.target else shared + HIDDEN

    @property
    def sent_at(self) -> datetime:
        """When the send was made that the link belongs to."""
        return ids.created_at(self.message_id)


def signer(
    key: bytes,
    kind: TokenKind,
    *,
    account_id: UUID,
    campaign_id: UUID | None,
    target: str,
    place: Place | None = None,
) -> Callable[[UUID, UUID | None], str]:
    """A function from (message id, contact id) to token, for one link of one send: what is constant is hashed once."""
    version = _VERSION if place is None else _PLACED
    head = bytes([version]) + kind.encode() + account_id.bytes + (campaign_id.bytes if campaign_id else _NO_ID)
    tail = (b"" if place is None else _PLACE.pack(*(min(number, _MOST) for number in place))) + target.encode()
    keyed = hmac.new(_key_of(key, kind), head, hashlib.sha256)

    def sign(message_id: UUID, contact_id: UUID | None) -> str:
        body = message_id.bytes + (contact_id.bytes if contact_id else _NO_ID) + tail
        mac = keyed.copy()
        mac.update(body)
        return urlsafe_b64encode(head + body + mac.digest()[:MAC_BYTES]).rstrip(b"=").decode()

    return sign


def read(token: str, keys: list[bytes], kind: TokenKind) -> Token | None:
    """The token's content, or None for anything not signed by one of `keys` or of another kind."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        return None
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if len(raw) < _IDS + MAC_BYTES or body[0] not in (_PLACED, _VERSION, _OLD_VERSION) or body[1:2] != kind.encode():
        return None
    if body[0] != _OLD_VERSION:
        keys = [_key_of(key, kind) for key in keys]
    if not any(hmac.compare_digest(hmac.digest(key, body, "sha256")[:MAC_BYTES], mac) for key in keys):
        return None
    place, target = None, body[_IDS:]
    if body[0] == _PLACED:
        place, target = Place(*_PLACE.unpack_from(target)), target[_PLACE.size :]
    return Token(
        kind=kind,
        account_id=UUID(bytes=body[2:18]),
        campaign_id=_id_or_none(body[18:34]),
        message_id=UUID(bytes=body[34:50]),
        contact_id=_id_or_none(body[50:66]),
        target=target.decode("utf-8", "replace"),
        place=place,
    )


@lru_cache(maxsize=64)
def _key_of(key: bytes, kind: TokenKind) -> bytes:
    """The ring's key for one kind of link: who could make opens could otherwise make unsubscribes."""
    return hmac.digest(key, b"wici link " + kind.encode(), "sha256")


def _id_or_none(raw: bytes) -> UUID | None:
    return None if raw == _NO_ID else UUID(bytes=raw)
