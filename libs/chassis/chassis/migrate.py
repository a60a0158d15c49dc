"""Migrations, run as a job and never at a service's start: `python -m chassis.migrate SERVICE [--create]`.

The revisions are plain Alembic files in the service's package, `migrations/0001_initial.py` and so on, additive. They
run under an advisory lock, so that two jobs at once do the work once, and as the database's owner, which the service
is not (`chassis.ownership`): it connects through `SERVICE_OWNER_DATABASE_URL`, or with `--create` through
`WICI_ADMIN_DATABASE_URL`, and never with the service's password.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext

from chassis import logs, ownership
from chassis.revisions import MigrationError, folder_of, head_of
from contracts.connections import limit_of

LOCK = 0x77696369  # "wici"
LOCK_POLL_SECONDS = 0.2
# A change that waits for a table behind a long reader makes everybody else wait behind it; so it gives way, and tries
# again a moment later.
LOCK_SECONDS = 3.0
MOST_TRIES = 40
_IN_USE = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)

log = logs.get_logger()


def database_key(service: str) -> str:
    """The environment variable of a service's database: `sms_gateway` → `SMS_GATEWAY_DATABASE_URL`."""
    return f"{service.upper()}_DATABASE_URL"


def migrate(service: str, url: str, through: str, revision: str = "head") -> str | None:
    """Bring a service's database to `revision`, which is the newest; returns what it is at.

    :param url: the service's own, for whom the rights there are; its password is not used.
    :param through: URL of the database's owner or of an administrator.
    """
    config = alembic_config(service)
    with ownership.opened_as_owner(url, through) as connection:
        _take_lock(connection)
        ownership.take_over(connection, url)
        connection.commit()  # within a transaction of ours, all revisions would be one
        config.attributes["connection"] = connection
        if not _is_newer(connection, service):
            _upgrade(config, connection, revision)
        ownership.grant(connection, url)
        return MigrationContext.configure(connection).get_current_revision()


def _is_newer(connection: sqlalchemy.Connection, service: str) -> bool:
    """Whether a later release has been here: this one is rolled back to, and runs on what it finds."""
    current = MigrationContext.configure(connection).get_current_revision() or ""
    connection.commit()
    if current > head_of(service):
        log.warning("database_is_newer", revision=current, known=head_of(service))
        return True
    return False


def _take_lock(connection: sqlalchemy.Connection) -> None:
    """Wait for another job, with no statement under way: it may wait for those itself (`chassis.indexes`)."""
    while True:
        is_taken = connection.scalar(sqlalchemy.text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()
        if is_taken:
            return
        time.sleep(LOCK_POLL_SECONDS)


def _upgrade(config: AlembicConfig, connection: sqlalchemy.Connection, revision: str) -> None:
    """Revision by revision, each a transaction of its own.

    :raises MigrationError: a table was in use at every try.
    """
    for tries_left in reversed(range(MOST_TRIES)):
        connection.execute(sqlalchemy.text(f"SET lock_timeout = '{LOCK_SECONDS:g}s'"))
        connection.commit()
        try:
            command.upgrade(config, revision)
            connection.commit()
            return
        except sqlalchemy.exc.OperationalError as error:
            if not isinstance(error.orig, _IN_USE):
                raise
            connection.rollback()
            log.info("tables_in_use", tries_left=tries_left)
            time.sleep(LOCK_SECONDS if tries_left else 0.0)
    raise MigrationError("a table is in use without a pause: stop the service's processes, then migrate again")


def alembic_config(service: str) -> AlembicConfig:
    """Alembic's settings for one service, whose revisions are its own.

    :raises MigrationError: there is no such package, or it has none.
    """
    migrations = folder_of(service)
    if migrations is None:
        raise MigrationError(f"there is no package named {service!r} in this environment")
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
    parser.add_argument(
        "--connections", type=int, help="with --create: that the service may have at once (contracts.connections)"
    )
    options = parser.parse_args(arguments)
    logs.configure(options.service, "migrate")
    key, owner_key = database_key(options.service), f"{options.service.upper()}_OWNER_DATABASE_URL"
    through_key = "WICI_ADMIN_DATABASE_URL" if options.create else owner_key
    url, through = os.environ.get(key), os.environ.get(through_key)
    if not url or not through:
        print(f"needed are {key}: the service's, and {through_key}: who may change it", file=sys.stderr)
        return 2
    try:
        if options.create:
            connections = options.connections or limit_of(options.service)
            ownership.create_database(url, through, connections)
        revision = migrate(options.service, url, through)
    except (MigrationError, ownership.OwnershipError, psycopg.Error, sqlalchemy.exc.DBAPIError) as error:
        print(f"{options.service}: {error}", file=sys.stderr)
        return 1
    print(f"{options.service}: at revision {revision}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
