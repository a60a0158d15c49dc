"""A database of an older release is brought up to date with messages in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from phones import rows
from sqlalchemy import text

from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.migrate import migrate
from chassis.testing import admin_url, new_database
from contracts import ids
from sms_gateway.store import contents


@pytest.fixture
def upgraded() -> Iterator[Callable[[str], Database]]:
    """`upgraded("0003")`: the same new database at that revision, at a later one the next time."""
    with new_database("sms_gateway") as url:
        database = Database(make_engine(url, pool_size=2))

        def to(revision: str) -> Database:
            migrate("sms_gateway", url, admin_url(), revision)
            return database

        yield to
        database.dispose()


def test_texts_of_single_messages_from_before_are_swept_and_shown_with_their_sender(
    upgraded: Callable[[str], Database],
) -> None:
    database = upgraded("0034")
    account_id, send_id = new_id(), new_id()
    with database.transaction() as session:
        for name, content in (("single", '{"text": "Kod", "literal": true}'), ("campaign", '{"text": "{{ name }}"}')):
            session.execute(
                text("INSERT INTO contents (content_hash, account_id, sender, content) VALUES (:n, :a, 'Wici', :c)"),
                {"n": name, "a": account_id, "c": content},
            )
        session.execute(
            text(
                "INSERT INTO sends (send_id, account_id, content_hash, lane, text, recipients, stem_id)"
                " VALUES (:id, :account, 'single', 'otp', 'Kod', 1, :stem)"
            ),
            {"id": send_id, "account": account_id, "stem": ids.message_id(send_id, 0)},
        )

    upgraded("0035")

    assert rows(database, "SELECT sender FROM sends") == [("Wici",)]
    with database.transaction() as session:
        contents.sweep(session, datetime.now(UTC) + timedelta(days=2))
    assert rows(database, "SELECT content_hash FROM contents") == [("campaign",)]
