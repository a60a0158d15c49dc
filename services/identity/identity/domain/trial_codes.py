"""Codes that prove a phone number: six digits, good for some minutes and some guesses."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from uuid import UUID

from identity.domain.throttling import Rule

LIFE = timedelta(minutes=15)
GUESSES = 5
MOST_NUMBERS = 10
"""Of one account."""

_DAY = timedelta(days=1)
# Each code costs the platform an SMS, and somebody who may have asked for nothing a glance: a number gets three a day
# whoever asks, an account ten.
PER_NUMBER = Rule(free=2, locked_at=3, lock=_DAY, forgotten_after=_DAY)
PER_ACCOUNT = Rule(free=9, locked_at=10, lock=_DAY, forgotten_after=_DAY)


def new_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def code_hash(account_id: UUID, phone: str, code: str) -> bytes:
    """What is kept of a code."""
    return hashlib.sha256(account_id.bytes + f"{phone}:{code}".encode()).digest()


def is_right(kept: bytes, account_id: UUID, phone: str, code: str) -> bool:
    return hmac.compare_digest(kept, code_hash(account_id, phone, code))
