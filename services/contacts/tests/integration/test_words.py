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
    assert word_sql.SHOWN.replace("c.", "") == import_module("contacts.migrations.0010_contacts_words").WORDS


@given(NAMES, NAMES, NAMES, st.none() | st.text("+0189", max_size=6), st.text(LETTERS, min_size=3, max_size=4))
def test_both_ways_agree(
    base: Database, first: str | None, last: str | None, email: str | None, phone: str | None, word: str
) -> None:
    [by_index], parameters = word_sql.holding(word)
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
