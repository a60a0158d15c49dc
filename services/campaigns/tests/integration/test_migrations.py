"""Tables of an older release are brought up to date."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import text

from chassis.database import Database, make_engine
from chassis.migrate import migrate
from chassis.testing import admin_url, new_database


def test_subjects_of_all_templates_there_are_get_a_column_of_their_own() -> None:
    """More than are filled at once, among them some without a subject."""
    add = text(
        "INSERT INTO templates (id, account_id, name, channel, content)"
        " SELECT gen_random_uuid(), :account, 'T', 'email',"
        " CASE WHEN n % 3 = 0 THEN '{}' ELSE jsonb_build_object('subject', 'S' || n) END FROM generate_series(1, 450) n"
    )
    with new_database("campaigns") as url:
        migrate("campaigns", url, admin_url(), "0015")
        database = Database(make_engine(url, pool_size=1))
        with database.transaction() as session:
            session.execute(add, {"account": uuid4()})
        migrate("campaigns", url, admin_url())
        with database.transaction() as session:
            wrong = "subject IS DISTINCT FROM content ->> 'subject'"
            counted = session.execute(text(f"SELECT count(subject), count(*) FILTER (WHERE {wrong}) FROM templates"))
            assert tuple(counted.one()) == (300, 0)
        database.dispose()
