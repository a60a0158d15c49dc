"""Opaque tokens: 256 random bits after a prefix that says what they are; only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

ACCESS, REFRESH, API_KEY, DEVICE, LINK = "ws_", "wr_", "wk_", "wd_", "wl_"

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=30)
OPERATOR_REFRESH_LIFE = timedelta(hours=12)
SHOWN_PREFIX = 9


def new_token(prefix: str) -> str:
    """A new token of 43 random characters after its prefix."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of a token. Its entropy is such that a plain hash cannot be searched."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
