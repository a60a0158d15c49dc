"""No cell of a CSV file is a formula, and what is none stays as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.csv_cells import inert


@given(text=st.text("=+-@;\t\r\n1a'. "))
def test_nothing_begins_a_formula(text: str) -> None:
    cell = inert(text)

    if not re.fullmatch(r"[+-]?[\d.]+", cell):
        assert not [part for part in re.split(r"[;\t\r\n]", cell) if part[:1] and part[0] in "=+-@"]
    assert cell.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", ["", "-1", "+48505603496", "192.0.2.1", "Ala; Ola", "-1.5"])
def test_a_number_and_a_phone_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize("text", ["=1+1", "-1+1", "+A1", "@SUM(A1)", "\t=1", "+48 505 603 496", "-1\n"])
def test_what_might_be_one_has_an_apostrophe(text: str) -> None:
    assert inert(text).startswith("'")
