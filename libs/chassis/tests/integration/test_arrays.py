"""Lists come to PostgreSQL as psycopg writes them, whatever is in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.arrays import array_of, write_lists_fast
from chassis.database import make_engine
from chassis.testing import admin_url

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
OF_TYPE = {
    "text": st.one_of(TEXTS, st.sampled_from(["NULL", "null", "", " ", "{}", '"', "\\", "a,b", '\\"', "\\N", "\n"])),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "uuid": st.uuids(),
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
    "date": st.dates(date(1, 1, 1)),
    "bytea": st.binary(max_size=8),
}


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(admin_url(), autocommit=True) as opened:
        opened.execute("SET timezone = 'UTC'")
        write_lists_fast(opened)
        yield opened


@pytest.mark.parametrize("name", OF_TYPE)
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_what_goes_in_comes_out(connection: psycopg.Connection[Any], name: str, draw: st.DataObject) -> None:
    values = draw.draw(st.lists(st.one_of(OF_TYPE[name], st.none()), max_size=6))

    row = connection.execute(f"SELECT %s::{name}[], %s", (values, values)).fetchone()

    assert row is not None and row[0] == values


@pytest.mark.parametrize(
    "values", [[], [None], [1.5, None], [True], [[1, 2], [3, 4]], [{"a": 1}, "b"], [1, "b"], ["a\0b"]], ids=str
)
def test_what_is_not_plain_is_left_to_psycopg(values: list[Any]) -> None:
    assert array_of(values) is None


def test_an_engines_connections_write_so(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    real = array_of
    monkeypatch.setattr("chassis.arrays.array_of", lambda values: written.append(values) or real(values))
    engine = make_engine(admin_url(), pool_size=1)

    with engine.connect() as connection:
        ids = [UUID(int=1), UUID(int=2)]
        cursor = connection.connection.cursor()
        cursor.execute("SELECT count(*) FROM unnest(%s::uuid[])", (ids,))
        assert cursor.fetchone() == (2,)

    assert written == [ids]
    engine.dispose()


def test_a_text_that_postgresql_has_no_place_for_is_refused(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.DataError):
        connection.execute("SELECT %s::text[]", (["a\0b"],))
