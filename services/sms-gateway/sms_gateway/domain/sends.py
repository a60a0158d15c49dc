"""A send: one text to some numbers, checked and not stored yet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.vocabulary import Lane

Address = tuple[int, int, str]
"""Type, numbering plan and digits or letters, as a peer of SMPP writes it (sections 5.2.5 to 5.2.9)."""


@dataclass(frozen=True)
class Partner:
    """Who sent it over SMPP, and what its receipt has to say.

    `registered` is `registered_delivery` (section 5.2.17); `source` the sender as the partner wrote it, `written` how
    it wrote the phone: type, numbering plan, and what stood before the digits.
    """

    smpp_account_id: UUID
    registered: int
    source: Address
    written: Address

    def as_json(self) -> dict[str, Any]:
        return {"registered": self.registered, "source": self.source, "written": self.written}


@dataclass(frozen=True)
class Plan:
    """`request_hash`: of the request's key, so that a repeat finds what it made."""

    account_id: UUID
    sender: str
    content: dict[str, Any]
    addresses: list[str]
    fields: dict[str, Any]
    parts: int
    lane: Lane
    text: str | None
    external_id: str | None
    schedule_at: datetime | None
    request_hash: str | None
    trace_id: str
    partner: Partner | None = None
    submitter_id: str | None = None  # the API key, user or SMPP account that handed it in
    webhook_url: str | None = None  # where its events are posted
    carrier_id: UUID | None = None  # by this carrier and no other

    @property
    def is_code(self) -> bool:
        """Whether it is a one-time code, or as urgent as one."""
        return self.lane is Lane.OTP

    @property
    def units(self) -> int:
        """Of the quota, which counts parts as carriers bill them: what is leased, refused for, and spent."""
        return len(self.addresses) * self.parts


def request_hash(account_id: UUID, request_key: str | None) -> str | None:
    return hashlib.sha256(f"{account_id}:sms:{request_key}".encode()).hexdigest() if request_key else None
