"""Where mail comes from: an address of ours and the name that it says."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Source:
    """One address of a pool; connections from it have its name in EHLO."""

    address_id: UUID
    pool_id: UUID
    address: str
    ehlo_name: str
