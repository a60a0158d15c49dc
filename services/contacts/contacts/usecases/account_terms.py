"""What contacts needs to know of an account, and identity says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AccountTerms:
    """How many contacts the account may hold (None: any number), where its local numbers are dialled, and its name."""

    limit: int | None
    region: str
    name: str = ""
