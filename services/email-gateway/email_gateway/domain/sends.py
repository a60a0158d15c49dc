"""A send: one content to some recipients, checked and not stored yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class To:
    """A recipient of a single e-mail."""

    address: str
    name: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    subject: str = ""  # as this recipient sees it, for the message log


@dataclass(frozen=True)
class Plan:
    """`document` is the prepared content's, which is stored already; `request_key` lets a repeat find what it made."""

    account_id: UUID
    content_hash: str
    document: Mapping[str, Any]
    sender: str
    recipients: Sequence[To]
    external_id: str | None = None
    request_key: str | None = None
    trace_id: str = ""
    tags: Sequence[str] = ()
    schedule_at: datetime | None = None
    submitter_id: str | None = None  # the API key, user or SMTP account that handed it in
    test_of: str | None = None  # the campaign of which it is a test
    webhook_url: str | None = None  # where its events are posted
    blobs: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # by digest: what its messages end with
    is_unique: bool = False  # no other send has its content or its blobs: nobody looks whether they are kept already

    @property
    def from_name(self) -> str:
        return str(self.document.get("from_name") or "")
