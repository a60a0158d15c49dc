"""Whether a database has what this code needs: asked by every process before it says that it is ready.

Apart from `chassis.migrate`, because a service does not migrate: Alembic and all revisions would be a quarter of a
second of every start.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import sqlalchemy


class MigrationError(Exception):
    """A service or its database is not there."""


def folder_of(service: str) -> Path | None:
    """Where the service's revisions lie, whether there are any or not; None where there is no such package."""
    spec = importlib.util.find_spec(service)
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) / "migrations" if locations else None


def has_migrations(service: str) -> bool:
    """Whether the package has a database of its own."""
    folder = folder_of(service)
    return folder is not None and folder.is_dir()


def head_of(service: str) -> str:
    """The newest revision that this code knows: revisions are numbers of four digits, each in a file of that name."""
    folder = folder_of(service)
    numbers = [path.name[:4] for path in folder.glob("[0-9][0-9][0-9][0-9]_*.py")] if folder else []
    return max(numbers, default="")


def readiness(service: str, engine: sqlalchemy.Engine) -> Callable[[], None]:
    """A check that raises until the database has the newest revision of this code; then it asks no more.

    Migrations only add, so that older code runs on a newer database.
    """
    head, seen = head_of(service), False

    def check() -> None:
        nonlocal seen
        seen = seen or _revision(engine) >= head
        if not seen:
            raise MigrationError("the database lacks a revision that this code needs")

    return check


def _revision(engine: sqlalchemy.Engine) -> str:
    """What the database is at; empty where it was never migrated."""
    with engine.connect() as connection:
        if connection.scalar(sqlalchemy.text("SELECT to_regclass('alembic_version')")) is None:
            return ""
        return connection.scalar(sqlalchemy.text("SELECT version_num FROM alembic_version")) or ""
