"""What an invoice's lines come to, against exact fractions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import Invalid
from identity.domain import invoices as rules
from identity.domain.invoices import Line, State

RATES = ["23", "8", "5", "0", "zw", "np"]
LINES = st.lists(
    st.builds(
        Line,
        description=st.just("SMS"),
        quantity=st.integers(1, 10**9),
        unit=st.just("szt."),
        unit_price=st.integers(0, 10**9),
        vat_rate=st.sampled_from(RATES),
    ),
    max_size=12,
)
HALF = Fraction(1, 2)


def line(net: int, rate: str = "23", quantity: int = 1000) -> Line:
    return Line("SMS", quantity, "szt.", net, rate)


@settings(max_examples=100)
@given(LINES)
def test_no_sum_is_further_than_half_a_grosz_from_the_exact_one(lines: list[Line]) -> None:
    for row in rules.sums(lines):
        mine = [each for each in lines if each.vat_rate == row.vat_rate]
        exact = sum((Fraction(each.quantity * each.unit_price, 1000) for each in mine), Fraction(0))
        assert abs(row.net - exact) <= HALF * len(mine)
        share = Fraction(int(row.vat_rate), 100) if row.vat_rate.isdigit() else Fraction(0)
        assert abs(row.vat - row.net * share) <= HALF
        assert row.gross == row.net + row.vat


@settings(max_examples=100)
@given(LINES, LINES)
def test_an_invoice_and_its_correction_come_to_what_is_right_now(before: list[Line], after: list[Line]) -> None:
    changed = rules.difference(rules.sums(before), rules.sums(after))

    for amount in ("net", "vat", "gross"):
        total = sum(getattr(row, amount) for row in rules.sums(before)) + sum(getattr(row, amount) for row in changed)
        assert total == sum(getattr(row, amount) for row in rules.sums(after))


@pytest.mark.parametrize(
    ("net", "rate", "vat"),
    [(100, "23", 23), (50, "23", 12), (150, "23", 35), (-50, "23", -12), (10, "5", 1), (9, "5", 0), (999, "zw", 0)],
)
def test_half_a_grosz_goes_up(net: int, rate: str, vat: int) -> None:
    assert rules.tax(net, rate) == vat


def test_the_tax_is_counted_from_the_sum_of_a_rate_and_not_line_by_line() -> None:
    # Three lines of 0.02 would be taxed 0.00 each; together they are 0.06, taxed 0.01.
    assert [(row.net, row.vat) for row in rules.sums([line(2), line(2), line(2)])] == [(6, 1)]


def test_rates_stand_in_the_order_of_the_form() -> None:
    rows = rules.sums([line(100, rate) for rate in ("np", "5", "zw", "23", "0", "8")])

    assert [row.vat_rate for row in rows] == ["23", "8", "5", "0", "np", "zw"]


def test_a_part_of_a_unit_is_rounded_once() -> None:
    assert line(333, quantity=1500).net == 500  # 1.5 × 3.33 = 4.995


def test_an_invoice_is_overdue_the_day_after_its_due_date_and_only_if_something_is_owed() -> None:
    due = date(2026, 11, 30)

    assert rules.state_on("issued", due, 100, date(2026, 11, 30)) == State.ISSUED
    assert rules.state_on("issued", due, 100, date(2026, 12, 1)) == State.OVERDUE
    assert rules.state_on("issued", due, -100, date(2026, 12, 1)) == State.ISSUED
    assert rules.state_on("paid", due, 100, date(2027, 1, 1)) == State.PAID


def test_the_year_turns_in_warsaw() -> None:
    assert rules.today(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert rules.today(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == date(2027, 1, 1)
    assert rules.number("FV", 2026, 123) == "FV/2026/000123"


def test_an_exempt_line_names_its_law_and_foreign_money_bears_no_tax() -> None:
    with pytest.raises(Invalid):
        rules.ensure_explained([line(100, "zw")], "")
    rules.ensure_explained([line(100, "zw")], "art. 43 ust. 1 pkt 40")
    with pytest.raises(Invalid):
        rules.ensure_currency("EUR", 1)
    rules.ensure_currency("EUR", 0)
