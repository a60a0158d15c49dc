"""Migrations, run as a job and never at a service's start: `python -m chassis.migrate SERVICE [--create]`.

The revisions are plain Alembic files in the service's package, `migrations/0001_initial.py` and so on, additive. They
run under an advisory lock, so that two jobs at once do the work once.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql

from chassis import logs
from chassis.database import make_engine

LOCK = 0x77696369  # "wici"

log = logs.get_logger()


class MigrationError(Exception):
    """A service or its database is not there."""


def database_key(service: str) -> str:
    """The environment variable of a service's database: `sms_gateway` → `SMS_GATEWAY_DATABASE_URL`."""
    return f"{service.upper()}_DATABASE_URL"


def migrate(service: str, url: str, revision: str = "head") -> str | None:
    """Bring the database at `url` to `revision` of the service, which is the newest; returns what it is at."""
    config = _alembic_config(service)
    engine = make_engine(url, pool_size=2, application_name=f"{service}-migrate")
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def is_current(service: str, engine: sqlalchemy.Engine) -> bool:
    """Whether the database is at the service's newest revision (readiness)."""
    head = ScriptDirectory.from_config(_alembic_config(service)).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def readiness(service: str, engine: sqlalchemy.Engine) -> Callable[[], None]:
    """A check that raises until the database is at the service's newest revision; then it asks no more."""
    seen = False

    def check() -> None:
        nonlocal seen
        seen = seen or is_current(service, engine)
        if not seen:
            raise MigrationError("the database is not at the newest revision")

    return check


def create_database(url: str, admin_url: str) -> None:
    """Create the role and the database that `url` names, unless they exist."""
    wanted = sqlalchemy.make_url(url)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        role = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (wanted.username,)).fetchone()
        if role is None:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(wanted.username or "wici"), sql.Literal(wanted.password or "")
                )
            )
        database = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (wanted.database,)).fetchone()
        if database is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                    sql.Identifier(wanted.database or ""), sql.Identifier(wanted.username or "")
                )
            )


def _alembic_config(service: str) -> AlembicConfig:
    spec = importlib.util.find_spec(service)
    if spec is None or not spec.submodule_search_locations:
        raise MigrationError(f"there is no package named {service!r} in this environment")
    migrations = Path(spec.submodule_search_locations[0]) / "migrations"
    if not migrations.is_dir():
        raise MigrationError(f"{service} has no migrations")
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic_environment"))
    config.set_main_option("version_locations", str(migrations))
    config.set_main_option("path_separator", "newline")
    return config


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chassis.migrate", description="Bring a service's database up to date."
    )
    parser.add_argument("service", help="package name, such as sms_gateway")
    parser.add_argument(
        "--create", action="store_true", help="create role and database first (WICI_ADMIN_DATABASE_URL)"
    )
    options = parser.parse_args(arguments)
    logs.configure(options.service, "migrate")
    key = database_key(options.service)
    url = os.environ.get(key)
    if not url:
        print(f"{key} is not set: the database to migrate", file=sys.stderr)
        return 2
    try:
        if options.create:
            admin_url = os.environ.get("WICI_ADMIN_DATABASE_URL")
            if not admin_url:
                print("WICI_ADMIN_DATABASE_URL is not set: who may create databases", file=sys.stderr)
                return 2
            create_database(url, admin_url)
        revision = migrate(options.service, url)
    except (MigrationError, psycopg.OperationalError, sqlalchemy.exc.OperationalError) as error:
        print(f"{options.service}: {error}", file=sys.stderr)
        return 1
    print(f"{options.service}: at revision {revision}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
