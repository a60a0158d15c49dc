"""Words of three letters and more are found by an index, shorter ones without: in the same contacts."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from chassis import words
from chassis.database import Database
from contacts.store import word_sql

LETTERS = "aAbzłŁóÓćŻśąĄeoséñüß%_\\.'-@19"
NAMES = st.none() | st.text(LETTERS, max_size=6)


@pytest.fixture(scope="module")
def base(open_database: Callable[[str], Database]) -> Database:
    return open_database("contacts")


def test_the_index_is_of_what_is_asked_for() -> None:
    """Letter for letter: PostgreSQL uses it for nothing else."""
    assert word_sql.SHOWN.replace("c.", "") == import_module("contacts.migrations.0020_contacts_found").WORDS


WORDS = st.text(LETTERS, min_size=3, max_size=4)


@given(NAMES, NAMES, NAMES, st.none() | st.text("+0189", max_size=6), WORDS)
def test_both_ways_agree(
    base: Database, first: str | None, last: str | None, email: str | None, phone: str | None, word: str
) -> None:
    _ensure_both_ways_agree(base, first, last, email, phone, word)


@given(st.text(LETTERS, min_size=9, max_size=20), st.text(LETTERS, max_size=3), st.integers(0, 4))
def test_both_ways_agree_on_long_words(base: Database, email: str, changed: str, cut: int) -> None:
    """Of which the index is asked for a part: what it finds is compared with the whole."""
    _ensure_both_ways_agree(base, "Łukasz", None, email, None, changed + email[cut:])


def _ensure_both_ways_agree(
    base: Database, first: str | None, last: str | None, email: str | None, phone: str | None, word: str
) -> None:
    held, parameters = word_sql.holding(word)
    by_index = " AND ".join(held)
    row: dict[str, Any] = {"first": first, "last": last, "email": email, "phone": phone}
    holds = f"SELECT {by_index}, concat_ws(' ', c.first_name, c.last_name, c.email, c.phone) ~ CAST(:pattern AS text)"
    person = (
        "SELECT CAST(:first AS text) AS first_name, CAST(:last AS text) AS last_name,"
        ' CAST(:email AS text) COLLATE "C" AS email, CAST(:phone AS text) AS phone'
    )
    with base.transaction() as session:
        found = session.execute(
            text(f"{holds} FROM ({person}) c"), {**row, **parameters, "pattern": words.pattern(word)}
        ).one()
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("word", "asked"),
    [
        ("anna.kowalska@poczta.example", "owalska"),
        ("a.b@gmail.com", "gmail"),
        ("poczta17.example", "oczta17"),
        ("+48600100200", "0100200"),
        ("Małgorzata", "gorzata"),
        ("nowak", "nowak"),
        ("@.@.@.@.@", "@.@.@.@.@"),
    ],
)
def test_of_a_long_word_the_index_is_asked_for_a_part(word: str, asked: str) -> None:
    assert word_sql.holding(word)[1]["word0"] == f"%{asked}%"
