"""Opaque tokens: 256 random bits after a prefix that says what they are; only their SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

ACCESS, REFRESH, API_KEY, DEVICE, LINK = "ws_", "wr_", "wk_", "wd_", "wl_"

ACCESS_LIFE = timedelta(minutes=15)
# A session that is not refreshed for so long ends; and all end `SESSION_LIFE` after the log-in (a setting).
REFRESH_LIFE = timedelta(days=30)
SESSION_LIFE = timedelta(days=30)
OPERATOR_REFRESH_LIFE = timedelta(hours=12)
# So long after it was used a refresh token still gets the answer that it got: tabs ask at once, and answers are lost.
REPEAT_GRACE = timedelta(seconds=10)
SHOWN_PREFIX = 9


def session_expires_at(opened_at: datetime, now: datetime, life: timedelta) -> datetime:
    """When a user's session ends that is opened or refreshed now: unused, or at the end of its life."""
    return min(now + REFRESH_LIFE, opened_at + life)


def new_token(prefix: str) -> str:
    """A new token of 43 random characters after its prefix."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of a token. Its entropy is such that a plain hash cannot be searched."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
