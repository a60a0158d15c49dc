"""How many one-time codes a number may get of one account: who asks for them on a stranger's form asks for many."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

MOST, WITHIN = 10, timedelta(minutes=10)


class Window(NamedTuple):
    """Codes since the first of them; it ends `WITHIN` after that."""

    started_at: datetime
    codes: int

    def wait(self, now: datetime) -> float:
        """Seconds until one more may be sent; 0: now."""
        if self.codes < MOST:
            return 0.0
        return max(0.0, (self.started_at + WITHIN - now).total_seconds())


def key_of(account_id: UUID, address: str) -> bytes:
    """A digest, so that nobody's number stands there."""
    return hashlib.sha256(f"{account_id}:{address}".encode()).digest()[:16]
