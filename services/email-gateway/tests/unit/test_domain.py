"""The rules: when to try again, which route fits, which DNS records are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from email_gateway.domain import retrying, routing

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
BASE = timedelta(minutes=5)


def test_waits_double_up_to_four_hours_and_end_after_three_days() -> None:
    now, waits = START, []
    attempts = 1
    while (due := retrying.next_try(first_tried_at=START, now=now, attempts=attempts, base=BASE)) is not None:
        waits.append(due - now)
        now, attempts = due, attempts + 1

    assert waits[:5] == [BASE, BASE * 2, BASE * 4, BASE * 8, BASE * 16]
    assert max(waits) == timedelta(hours=4)
    assert timedelta(days=3) <= now - START < timedelta(days=3, hours=4)
    assert retrying.next_try(first_tried_at=START, now=START, attempts=10**9, base=BASE) == START + timedelta(hours=4)


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("poczta.example", "exact"),
        ("a.poczta.example", "sub"),
        ("b.a.poczta.example", "subsub"),
        ("example", "all"),
        ("xpoczta.example", "all"),
    ],
)
def test_the_most_exact_pattern_wins(name: str, route: str) -> None:
    routes = [("*", "all"), ("*.poczta.example", "sub"), ("*.a.poczta.example", "subsub"), ("poczta.example", "exact")]

    assert routing.best_route(name, routes) == route
    assert routing.best_route(name, []) is None
