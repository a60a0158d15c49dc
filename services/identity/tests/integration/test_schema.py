from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from chassis.database import Database, make_engine
from chassis.migrate import migrate
from chassis.testing import admin_url
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

    with pytest.raises(ProgrammingError, match="append-only"), database.transaction() as session:
        session.execute(text(statement))


def test_the_audit_trail_can_lose_personal_details_and_nothing_else(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO audit_entries (id, at, action, address) VALUES (gen_random_uuid(), now(), 'x', '::1')")
        )
        session.execute(text("UPDATE audit_entries SET address = NULL, details = '{}'"))

        assert session.scalar(text("SELECT action FROM audit_entries WHERE address IS NULL")) == "x"


@pytest.fixture
def plain_database() -> Iterator[Database]:
    """A database that a role without any special right has made itself, as in production."""
    name = f"identity_{uuid4().hex[:8]}"
    with psycopg.connect(admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'plain'").format(sql.Identifier(name)))
        admin.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
    url = make_url(admin_url()).set(database=name, username=name, password="plain")
    migrate("identity", url.render_as_string(hide_password=False))
    opened = Database(make_engine(url.render_as_string(hide_password=False), pool_size=2))
    yield opened
    opened.dispose()
    with psycopg.connect(admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_the_services_own_role_may_neither_change_nor_empty_the_trail(plain_database: Database) -> None:
    with plain_database.transaction() as session:
        session.execute(
            text("INSERT INTO audit_entries (id, at, action, address) VALUES (gen_random_uuid(), now(), 'x', '::1')")
        )

    for statement in (
        "UPDATE audit_entries SET action = 'y'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), plain_database.transaction() as session:
            session.execute(text(statement))
    with plain_database.transaction() as session:
        session.execute(text("UPDATE audit_entries SET address = NULL, details = '{}'"))
        assert session.scalar(text("SELECT action FROM audit_entries WHERE address IS NULL")) == "x"
