"""A send: one text to some numbers, checked and not stored yet."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from contracts.ids import stem
from contracts.vocabulary import Lane

Address = tuple[int, int, str]
"""Type, numbering plan and digits or letters, as a peer of SMPP writes it (sections 5.2.5 to 5.2.9)."""


class Partner(NamedTuple):
    """Who sent it over SMPP, and what its receipt has to say.

    `registered` is `registered_delivery` (section 5.2.17); `source` the sender as the partner wrote it, `written` how
    it wrote the phone: type, numbering plan, and what stood before the digits.
    """

    smpp_account_id: str
    registered: int
    source: Address
    written: Address

    def as_json(self) -> dict[str, Any]:
        return {"registered": self.registered, "source": self.source, "written": self.written}


class Plan(NamedTuple):
    """`request_hash`: of the request's key, so that a repeat finds what it made. A tuple: partners send ten thousand a
    second, and a frozen dataclass sets its fields one by one.
    """

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
    test_of: str | None = None  # the campaign of which it is a test
    webhook_url: str | None = None  # where its events are posted
    carrier_id: UUID | None = None  # by this carrier and no other

    held: str | None = None  # what it waits for in the schedule (`store.held_ranges`)

    @property
    def is_code(self) -> bool:
        """Whether it is a one-time code, or as urgent as one."""
        return self.lane is Lane.OTP

    @property
    def units(self) -> int:
        """Of the quota, which counts parts as carriers bill them: what is leased, refused for, and spent."""
        return len(self.addresses) * self.parts


class NewSend(NamedTuple):
    """A plan that is about to be stored, with its ids as text. `stem` begins those of its messages (`contracts.ids`).

    A UUID takes a microsecond to become text, or to be looked up by: so each is made once.
    """

    id: str
    stem: str
    account_id: str
    plan: Plan

    def message_id(self, number: int) -> str:
        return f"{self.stem}{number:08x}"

    def message_ids(self) -> list[str]:
        return [f"{self.stem}{number:08x}" for number in range(1, len(self.plan.addresses) + 1)]


def new_send(send_id: UUID, account_id: str, plan: Plan) -> NewSend:
    return NewSend(str(send_id), stem(send_id), account_id, plan)


def request_hash(account_id: UUID, request_key: str | None) -> str | None:
    return hashlib.sha256(f"{account_id}:sms:{request_key}".encode()).hexdigest() if request_key else None
