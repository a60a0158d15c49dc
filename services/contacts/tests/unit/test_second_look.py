"""Every address that stands in a cell is found, whatever stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.domain import second_look

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


def test_what_is_no_address_is_none():
    assert second_look.every("Gdynia, ul. Świętojańska 12 / 34, 81-366, 12.05.1990", "PL") == set()
