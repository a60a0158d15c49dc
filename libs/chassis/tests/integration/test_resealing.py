"""Rotation of the key that secrets lie under: which are still used, and then only the first."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import text

from chassis import resealing
from chassis.secrets import Vault
from chassis.testing import unmigrated_database

NAMES = {"k1": 1, "k2": 2, "k0": 3}
OLD, NEW, GONE = (f"{name}:{b64encode(bytes([number]) * 32).decode()}" for name, number in NAMES.items())

PLACES = ("carriers.password",)


@pytest.fixture
def connection() -> Iterator[psycopg.Connection[Any]]:
    def make_tables(made: sqlalchemy.Connection) -> None:
        made.execute(text("CREATE TABLE carriers (a int, b text, password bytea, body bytea, PRIMARY KEY (b, a))"))

    with unmigrated_database("resealing", make_tables) as url, psycopg.connect(url) as made:
        yield made


def test_a_key_is_taken_out_of_use_and_what_is_no_secret_stays(connection: psycopg.Connection[Any]) -> None:
    values = [Vault(OLD).encrypt(b"one"), Vault(NEW).encrypt(b"two"), None, Vault(GONE).encrypt(b"three")]
    rows = [(number, "x", value, b'{"k1": 1}') for number, value in enumerate(values)]
    # Mails and digests that begin as a secret does are none: only the columns that a service names are looked at.
    rows += [(10, "x", None, b"Received: from mail.example.com"), (11, "x", None, b"k1:" + bytes(29))]
    connection.cursor().executemany("INSERT INTO carriers VALUES (%s, %s, %s, %s)", rows)
    connection.commit()
    keys = f"{NEW},{OLD}"

    (before,) = resealing.reseal(connection, PLACES, keys, write=False)
    assert (before.place, dict(before.by_key), before.strange) == ("carriers.password", {"k0": 1, "k1": 1, "k2": 1}, 1)
    for resealed in (1, 0):
        (found,) = resealing.reseal(connection, PLACES, keys, write=True)
        assert (dict(found.by_key), found.resealed) == ({"k0": 1, "k2": 2}, resealed)

    stored = [row[0] for row in connection.execute("SELECT password FROM carriers ORDER BY a").fetchall()]
    assert [Vault(NEW).decrypt(value) for value in stored[:2]] == [b"one", b"two"]
    assert (stored[2], stored[3]) == (None, values[3])


def test_all_pages_are_looked_at_and_what_a_service_changed_meanwhile_stays(
    connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "ROWS_AT_ONCE", 2)
    rows = [(number % 3, f"row {number}", Vault(OLD).encrypt(b"%d" % number)) for number in range(7)]
    connection.cursor().executemany("INSERT INTO carriers VALUES (%s, %s, %s)", rows)
    connection.commit()
    replace, raced = resealing._Column.replace, Vault(OLD).encrypt(b"new")

    def after_another(self: Any, session: Any, key: Any, old: bytes, new: bytes) -> bool:
        if key == ["row 4", 1]:
            session.execute("UPDATE carriers SET password = %s WHERE b = 'row 4'", [raced])
        return replace(self, session, key, old, new)

    monkeypatch.setattr(resealing._Column, "replace", after_another)
    (found,) = resealing.reseal(connection, PLACES, f"{NEW},{OLD}", write=True)

    assert (dict(found.by_key), found.resealed) == ({"k2": 6, "k1": 1}, 6)
    assert connection.execute("SELECT password FROM carriers WHERE b = 'row 4'").fetchone() == (raced,)


def test_a_column_that_the_database_does_not_have_is_no_good_news(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.ProgrammingError):
        resealing.reseal(connection, ("carriers.secret",), NEW, write=False)
