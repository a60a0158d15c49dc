"""Code is ready on a database that has what it needs, also when a later release has added to it (a roll-back)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from chassis import revisions
from chassis.database import Database, make_engine
from chassis.migrate import alembic_config
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


def test_the_head_is_what_alembic_takes_for_it() -> None:
    for service in ("campaigns", "sms_gateway"):
        script = ScriptDirectory.from_config(alembic_config(service))
        assert revisions.head_of(service) == script.get_current_head()


def test_older_code_is_ready_on_a_newer_database_and_newer_code_waits_for_its_own(database: Database) -> None:
    check = revisions.readiness("campaigns", database.engine)
    _set_revision(database, "0001")
    with pytest.raises(revisions.MigrationError):
        check()

    _set_revision(database, "9999")
    check()


def test_no_process_loads_what_only_migrations_need() -> None:
    loaded = "import chassis.process, chassis.service, sys; print('alembic' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "False"
