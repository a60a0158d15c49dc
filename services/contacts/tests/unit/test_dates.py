"""Dates as people and programs write them, and the order that a column tells."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.domain import dates
from contacts.domain.dates import DateOrder, OrderCount

TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("31.05.1990", date(1990, 5, 31)),
        ("31.05.90 r.", date(1990, 5, 31)),
        ("1-2-05", date(2005, 2, 1)),
        ("31 maja 1990", date(1990, 5, 31)),
        ("3 paź 1990", date(1990, 10, 3)),
        ("31 V 1990", date(1990, 5, 31)),
        ("31.XII.1990", date(1990, 12, 31)),
        ("1-ix-90", date(1990, 9, 1)),
        ("May 31, 1990", date(1990, 5, 31)),
        ("33024", date(1990, 5, 31)),
        ("33024.0", date(1990, 5, 31)),
        ("10000", date(1927, 5, 18)),
        ("19900531", date(1990, 5, 31)),
        ("1990-05-31T00:00:00Z", date(1990, 5, 31)),
    ],
)
def test_a_date_is_read(raw, day):
    assert dates.read(raw, DateOrder.DAY_FIRST, TODAY, past=True) == dates.Read(day)


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [("31.02.1990", "no_such_day"), ("05/31/1990", "no_such_day"), ("1.1.2030", "future"), ("jutro", "invalid"),
     ("1990", "invalid"), ("9999", "invalid"), ("09999", "invalid"), ("73051", "invalid"),
     ("0000-00-00", None), ("0/0/00", None)],
)  # fmt: skip
def test_the_reason_is_the_reason(raw, wrong):
    assert dates.read(raw, DateOrder.DAY_FIRST, TODAY, past=True) == dates.Read(wrong=wrong)


many_days = st.lists(st.dates(date(1950, 1, 1), date(2020, 1, 1)), min_size=1)


@given(many_days, st.sampled_from(DateOrder), st.sampled_from("/-."))
def test_the_order_of_a_column_is_the_one_it_was_written_in(days, order, mark):
    form = f"%d{mark}%m{mark}%Y" if order is DateOrder.DAY_FIRST else f"%m{mark}%d{mark}%Y"
    count = OrderCount()
    for day in days:
        count.add(day.strftime(form))

    if any(day.day > 12 for day in days):
        assert count.order is order
        assert [dates.read(day.strftime(form), order, TODAY).day for day in days] == days
    else:
        assert count.order is None
