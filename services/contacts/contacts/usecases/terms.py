"""What contacts needs to know of an account, and identity says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """How many contacts the account may hold (None: any number), and where its local numbers are dialled."""

    limit: int | None
    region: str
