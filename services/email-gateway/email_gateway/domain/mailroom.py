"""Which addresses are ours, and when an address that takes nothing counts as gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID


class MailKind(StrEnum):
    """What a mail is, by the address that it came to."""

    BOUNCE = "bounce"
    UNSUBSCRIBE = "unsubscribe"
    FEEDBACK = "feedback"  # complaints, and what people write to postmaster@ and abuse@
    DMARC = "dmarc"


# RFC 2142, and what feedback loops are registered with; by the part before the `@`.
ROLES = {
    "postmaster": MailKind.FEEDBACK,
    "abuse": MailKind.FEEDBACK,
    "fbl": MailKind.FEEDBACK,
    "dmarc": MailKind.DMARC,
}


@dataclass(frozen=True)
class Ours:
    """An address of ours; `message_id`: of the message that it names."""

    kind: MailKind
    message_id: UUID | None = None


@dataclass(frozen=True)
class SoftRule:
    """An address whose mailbox took nothing on `times` days among `days` counts as gone; 0 times: never."""

    times: int
    days: int

    def since(self, today: date) -> date:
        """The first day that still counts."""
        return today - timedelta(days=self.days - 1)

    def is_met(self, bounced_on: Sequence[date], today: date) -> bool:
        return 0 < self.times <= sum(self.since(today) <= day <= today for day in set(bounced_on))
