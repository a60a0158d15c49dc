"""What an account owes for its plans (A7): the periods that begin in a month, each charged once, when it begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from identity.domain import invoices
from identity.domain.invoices import Line

# An account that was moved to a plan by mistake and back the same day is not charged for it.
SHORTEST_TERM = timedelta(days=1)
_MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in the seller's zone."""

    year: int
    month: int

    @classmethod
    def parse(cls, written: str) -> Month:
        """:raises ValueError: not `2026-10`."""
        found = _MONTH.fullmatch(written)
        if found is None or int(found["year"]) < 2000:
            raise ValueError(f"{written!r} is not a month such as 2026-10")
        return cls(int(found["year"]), int(found["month"]))

    @classmethod
    def before(cls, now: datetime) -> Month:
        """The month before the one that `now` is in."""
        last_day = now.astimezone(invoices.ZONE).date().replace(day=1) - timedelta(days=1)
        return cls(last_day.year, last_day.month)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def starts_at(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=invoices.ZONE)

    @property
    def last_day(self) -> date:
        return self.next.starts_at.date() - timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """An account's time on a plan; `ends_at` of None goes on."""

    id: UUID
    plan_name: str
    price: int
    currency: str
    period_days: int
    starts_at: datetime
    ends_at: datetime | None

    @property
    def period(self) -> timedelta:
        return timedelta(days=self.period_days)

    def periods(self, since: datetime, until: datetime) -> list[datetime]:
        """The starts of the periods that begin from `since` on and before `until`."""
        if self.ends_at is not None:
            if self.ends_at - self.starts_at < SHORTEST_TERM:
                return []
            until = min(until, self.ends_at)
        start = self.starts_at + max(-((self.starts_at - since) // self.period), 0) * self.period
        found = []
        while start < until:
            found.append(start)
            start += self.period
        return found

    def line(self, starts_at: datetime, vat_rate: str) -> Line:
        """The line of one period."""
        first = starts_at.astimezone(invoices.ZONE).date()
        last = (starts_at + self.period).astimezone(invoices.ZONE).date() - timedelta(days=1)
        # A period that ends within the day of its start is called by that day.
        description = f"Abonament {self.plan_name}, {first:%d.%m.%Y} – {max(first, last):%d.%m.%Y}"
        return Line(description, invoices.QUANTITY_SCALE, "szt.", self.price, vat_rate)
