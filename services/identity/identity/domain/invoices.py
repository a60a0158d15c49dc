"""Invoices (A8): what lines come to, how numbers are written, what may become of an invoice. Whole grosze throughout.

The sums follow the Polish VAT act: the net of a line is quantity times price, the tax of a rate is counted from the sum
of the nets at that rate (art. 106e sec. 1 p. 14), and both are rounded to the grosz, halves up (art. 106e sec. 11); in
what a correction takes off, halves go away from zero, so that a sum and its reversal cancel out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from contracts.errors import Invalid
from identity.exceptions import vat_number_unchecked

# Dates on invoices are those of the tax office's clock.
ZONE = ZoneInfo("Europe/Warsaw")
HOME_CURRENCY = "PLN"
# A quantity has up to three places: it is kept in thousandths.
QUANTITY_SCALE = 1000
# art. 106i sec. 7: an invoice may be issued no earlier than 60 days before the sale.
SALE_AHEAD = timedelta(days=60)

EXEMPT, OUTSIDE = "zw", "np"
"""The two rates that are words: exempt from the tax, and outside of it."""


class Kind(StrEnum):
    INVOICE = "invoice"
    CORRECTION = "correction"


class State(StrEnum):
    """As shown; `overdue` is an issued one whose due date has passed, and is never stored."""

    ISSUED = "issued"
    OVERDUE = "overdue"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Issuer:
    """The seller as invoices name it, and how this installation numbers and claims."""

    name: str
    address: str
    vat_number: str
    bank_account: str = ""
    email: str = ""
    series: str = "FV"
    correction_series: str = "FK"
    due_days: int = 14
    vat_rate: str = "23"

    @property
    def seller(self) -> dict[str, str]:
        return {
            "name": self.name,
            "address": self.address,
            "vat_number": self.vat_number,
            "bank_account": self.bank_account,
            "email": self.email,
        }


@dataclass(frozen=True)
class Line:
    """One line: `quantity` in thousandths, `unit_price` in minor units, both before tax."""

    description: str
    quantity: int
    unit: str
    unit_price: int
    vat_rate: str

    @property
    def net(self) -> int:
        return rounded(self.quantity * self.unit_price, QUANTITY_SCALE)


@dataclass(frozen=True)
class RateSum:
    """What lines at one rate come to, in minor units."""

    vat_rate: str
    net: int
    vat: int

    @property
    def gross(self) -> int:
        return self.net + self.vat


def rounded(numerator: int, denominator: int) -> int:
    """The quotient as a whole number, halves away from zero; `denominator` is positive."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def quantity(written: str) -> int:
    """1500 of `1.5`: thousandths."""
    whole, _, part = written.partition(".")
    return int(whole) * QUANTITY_SCALE + int(part.ljust(3, "0"))


def written_quantity(thousandths: int) -> str:
    """`1.5` of 1500, `2` of 2000."""
    whole, part = divmod(thousandths, QUANTITY_SCALE)
    return f"{whole}.{part:03d}".rstrip("0").rstrip(".")


def tax(net: int, vat_rate: str) -> int:
    """The tax on `net`; none at `zw` and `np`."""
    return rounded(net * int(vat_rate), 100) if vat_rate.isdigit() else 0


def sums(lines: Iterable[Line]) -> list[RateSum]:
    """What the lines come to by rate, highest rate first, the rates that are words last."""
    net_by_rate: dict[str, int] = {}
    for line in lines:
        net_by_rate[line.vat_rate] = net_by_rate.get(line.vat_rate, 0) + line.net
    return [RateSum(rate, net, tax(net, rate)) for rate, net in sorted(net_by_rate.items(), key=_rate_order)]


def difference(before: Sequence[RateSum], after: Sequence[RateSum]) -> list[RateSum]:
    """By how much a correction changes each rate."""
    was, is_now = ({row.vat_rate: row for row in rows} for rows in (before, after))
    nothing = RateSum("", 0, 0)
    changed = []
    for rate, _ in sorted(((rate, 0) for rate in was.keys() | is_now.keys()), key=_rate_order):
        old, new = was.get(rate, nothing), is_now.get(rate, nothing)
        changed.append(RateSum(rate, new.net - old.net, new.vat - old.vat))
    return changed


def _rate_order(item: tuple[str, int]) -> tuple[int, str]:
    rate = item[0]
    return (-int(rate) if rate.isdigit() else 1, rate)


def number(series: str, year: int, sequence: int) -> str:
    """`FV/2026/000123`."""
    return f"{series}/{year}/{sequence:06d}"


def today(now: datetime) -> date:
    return now.astimezone(ZONE).date()


def state_on(stored: str, due_on: date, gross: int, day: date) -> State:
    """The state to show on `day`; a correction in the buyer's favour is never overdue."""
    if stored == State.ISSUED and gross > 0 and due_on < day:
        return State.OVERDUE
    return State(stored)


def buyer_of(company: Mapping[str, Any]) -> dict[str, str]:
    """The buyer as it will stand on the invoice, or {} when the company's data do not suffice."""
    buyer = {field: str(company.get(field) or "").strip() for field in ("name", "address", "vat_number")}
    return buyer if buyer["name"] and buyer["address"] else {}


def is_foreign(vat_number: str) -> bool:
    """Whether it starts with another country's letters: services to such a buyer are taxed there (art. 28b)."""
    return vat_number[:1].isalpha()


def is_unchecked(company: Mapping[str, Any]) -> bool:
    """Whether the company names another country's number, and only the customer says so."""
    return is_foreign(str(company.get("vat_number") or "")) and not company.get("vat_number_checked")


def ensure_taxable(company: Mapping[str, Any]) -> None:
    """:raises Conflict: no VAT would be charged because of a number that nobody has looked up."""
    if is_unchecked(company):
        raise vat_number_unchecked()


def ensure_sale_date(sold_on: date, issued_on: date) -> None:
    if sold_on > issued_on + SALE_AHEAD:
        raise Invalid.of_field("sold_on", "invoice.sale_too_late", "An invoice comes at most 60 days before the sale.")


def ensure_explained(lines: Sequence[Line], exemption: str) -> None:
    """An exempt line needs the law that exempts it (art. 106e sec. 1 p. 19)."""
    if any(line.vat_rate == EXEMPT for line in lines) and not exemption:
        raise Invalid.of_field(
            "exemption", "invoice.exemption_missing", "A line at `zw` needs the law that exempts it."
        )


def ensure_currency(currency: str, vat: int) -> None:
    """The law wants the tax in złoty, so only an invoice without tax may be in another currency."""
    if currency != HOME_CURRENCY and vat:
        raise Invalid.of_field(
            "currency",
            "invoice.currency_with_vat",
            f"An invoice with VAT is in {HOME_CURRENCY}: the law wants the tax so.",
        )


_BLANKS = re.compile(r"\s+")


def one_line(written: str) -> str:
    return _BLANKS.sub(" ", written).strip()
