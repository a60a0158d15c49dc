"""COPY and arrays bring any text into the database as it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from phones import rows

from chassis.database import Database, cursor_of
from sms_gateway.store import literals

ANY = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def test_any_text_comes_back(database: Database) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.integers(-9, 9), ANY, st.none() | ANY), max_size=5))
    def comes_back(some: list[tuple[int, str, str | None]]) -> None:
        with database.transaction() as session:
            cursor = cursor_of(session)
            cursor.execute("CREATE TEMP TABLE t (number int, one text, two text) ON COMMIT DROP")
            literals.copy(cursor, "t", ("number", "one", "two"), some)
            cursor.execute("SELECT * FROM t")
            assert cursor.fetchall() == some
            known = [(number, one) for number, one, _ in some]
            cursor.execute("SELECT * FROM unnest(%s::int[], %s::text[])", literals.arrays(known, 2))
            assert cursor.fetchall() == known
            if some:
                cursor.execute(
                    "SELECT * FROM unnest(%s::int[], %s::text[], %s::text[])", literals.nullable_arrays(some)
                )
                assert cursor.fetchall() == some

    comes_back()
    assert rows(database, "SELECT 1") == [(1,)]
