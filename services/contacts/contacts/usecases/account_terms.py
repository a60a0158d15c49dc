"""What contacts needs to know of an account, and identity says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class AccountTerms:
    """How many contacts the account may hold (None: any number), where its local numbers are dialled, its name, and its
    time zone (None: identity does not say)."""

    limit: int | None
    region: str
    name: str = ""
    time_zone: str | None = None

    @property
    def kept(self) -> dict[str, Any]:
        """What of it the jobs need, who ask nobody."""
        return {"limit": self.limit, "region": self.region, "time_zone": self.time_zone}
