"""Code is ready on a database that has what it needs, also when a later release has added to it (a roll-back)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from chassis import migrate
from chassis.database import Database, make_engine
from chassis.testing import as_administrator


@pytest.fixture
def database(database_url: Callable[[str], str]) -> Iterator[Database]:
    made = Database(make_engine(database_url("campaigns"), pool_size=1))
    with made.transaction() as session:
        before = session.scalar(text("SELECT version_num FROM alembic_version"))
    yield made
    _set_revision(made, str(before))
    made.dispose()


def _set_revision(database: Database, revision: str) -> None:
    with as_administrator(database) as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_older_code_is_ready_on_a_newer_database_and_newer_code_waits_for_its_own(database: Database) -> None:
    check = migrate.readiness("campaigns", database.engine)
    _set_revision(database, "0001")
    with pytest.raises(migrate.MigrationError):
        check()

    _set_revision(database, "9999")
    check()
