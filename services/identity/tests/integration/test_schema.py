from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis.database import Database
from chassis.testing import as_administrator
from identity.models import Base


def test_models_say_what_the_migrations_make(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'nothing'",
        "UPDATE audit_entries SET address = NULL, details = '{}', reason = 'x'",
        "DELETE FROM audit_entries",
    ],
)
def test_the_audit_trail_cannot_be_rewritten(database: Database, statement: str) -> None:
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO audit_entries (id, at, action, address) VALUES (gen_random_uuid(), now(), 'x', '::1')")
        )

    with pytest.raises(ProgrammingError, match="append-only"), as_administrator(database) as session:
        session.execute(text(statement))


def test_the_audit_trail_can_lose_personal_details_and_nothing_else(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO audit_entries (id, at, action, address) VALUES (gen_random_uuid(), now(), 'x', '::1')")
        )
        session.execute(text("UPDATE audit_entries SET address = NULL, details = '{}'"))

        assert session.scalar(text("SELECT action FROM audit_entries WHERE address IS NULL")) == "x"


def test_the_services_own_role_may_neither_change_nor_empty_the_trail(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO audit_entries (id, at, action, address) VALUES (gen_random_uuid(), now(), 'x', '::1')")
        )

    for statement in (
        "UPDATE audit_entries SET action = 'y'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), database.transaction() as session:
            session.execute(text(statement))
    with database.transaction() as session:
        session.execute(text("UPDATE audit_entries SET address = NULL, details = '{}'"))
        assert session.scalar(text("SELECT action FROM audit_entries WHERE address IS NULL")) == "x"
