"""Every address that stands in a cell is found, whatever stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.domain import second_look
from contacts.domain.phones import to_e164

OLA, PHONE = "ola@poczta.example", "+48505603496"


@pytest.mark.parametrize(
    "cell",
    [
        OLA,
        f"zgubiona: {OLA}, oddzwonić",
        f"e-mail:{OLA}; tel. brak",
        f'"Ola Wiśniewska" <{OLA.upper()}>, Jan <jan@x.example>',
        f"jan@x.example / {OLA}.",
        f"mailto:{OLA}?subject=x",
        f"'{OLA}'",
        f"{OLA}.Pozdrawiam",
        f"={OLA}",
        f"\u200b{OLA}\u00a0",
        f"x@{OLA}",
        "x " * 4_000 + OLA,
    ],
)
def test_an_email_address_among_words(cell):
    assert OLA in second_look.every(cell, "PL")


@pytest.mark.parametrize(
    "cell",
    [
        "505603496",
        "dzwonić na 505 603 496 po 17",
        "505 603 496, 600 100 200",
        "600100200 505603496",
        "tel. +48 (0) 505-603-496 wew. 12",
        "0048505603496/600100200",
        "505603496.0",
        "4,8505603496E10",
        "x " * 4_000 + "505 603 496",
        "nr 12 505 603 496 34",
        "505'603'496",
    ],
)
def test_a_phone_among_words(cell):
    assert PHONE in second_look.every(cell, "PL")


@given(
    st.text(max_size=60),
    st.sampled_from([" ", ", ", "; ", "\n", "<", "("]),
    st.sampled_from([" ", ",", ";", "\n", ">", ")"]),
)
def test_any_words_around_an_address(words, before, after):
    assert OLA in second_look.every(f"{words}{before}{OLA}{after}{words}", "PL")


@pytest.mark.parametrize(
    ("region", "dialled", "number"),
    [
        ("DE", "0151 23456789", "+4915123456789"),
        ("HU", "06 20 123 4567", "+36201234567"),
        ("US", "(212) 555-0123", "+12125550123"),
    ],
)
def test_a_number_as_it_is_dialled_in_its_own_country(region, dialled, number):
    assert number in second_look.every(f"zadzwonić: {dialled} rano", region)


@given(st.integers(500_000_000, 899_999_999).map(str), st.sampled_from(["", "+48", "0048", "48", "0"]))
def test_whatever_is_read_as_a_number_is_found(digits, prefix):
    for cell in (f"{prefix}{digits}", f"{prefix} {digits[:3]} {digits[3:6]}-{digits[6:]}"):
        number = to_e164(cell, "PL")
        assert number is None or number in second_look.every(f"tel. {cell}, rano", "PL")


def test_what_holds_neither_is_nothing():
    assert second_look.every("Gdynia, ul. Świętojańska 12 / 34", "PL") == set()
