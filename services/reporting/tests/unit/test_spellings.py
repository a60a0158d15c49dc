"""An address is found however it is typed."""

from __future__ import annotations

import pytest

from reporting.domain.spellings import parts, spellings


@pytest.mark.parametrize(
    "typed",
    ["+48500100200", "500100200", "500 100 200", "500-100-200", "0048 500 100 200", "48500100200", " (50) 0100200 "],
)
def test_a_phone_is_looked_for_as_the_log_has_it(typed: str) -> None:
    assert "+48500100200" in spellings(typed)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ala@example.com", "ala@example.com"),
        (" Ala@EXAMPLE.com ", "ala@example.com"),
        ("Ala@EXAMPLE.com", "Ala@example.com"),
        ("ala@ŻÓŁW.pl", "ala@xn--w-uga1v8h.pl"),
        ("7999", "7999"),
    ],
)
def test_an_address_is_looked_for_as_the_log_has_it(typed: str, stored: str) -> None:
    assert stored in spellings(typed)


def test_a_part_of_a_phone_needs_no_spaces() -> None:
    assert parts("500 100") == ["500 100", "500100"]
    assert parts("Łódź") == ["łódź"]
