"""Indexes on tables that are written all the time, made in a migration while they are.

    def upgrade() -> None:
        indexes.create(op, "counters_hours", "counters (account_id, key) WHERE dimension = 1")
        op.execute("CREATE TABLE …")

First in a revision: what stands before it is committed with it, and a revision that fails later is said again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

# For transactions that began before, and behind this wait nobody waits who reads or writes.
WAITS = "10min"


def create(op: Any, name: str, definition: str) -> None:
    """Make an index that is not there; one whose making was broken off is made anew.

    :param op: `alembic.op`
    :param definition: what follows `CREATE INDEX … ON`; not of a partitioned table.
    """
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        is_valid = connection.scalar(
            text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"), {"name": name}
        )
        if is_valid:
            return
        if is_valid is False:
            _waiting(connection, f"DROP INDEX CONCURRENTLY {name}")
        _waiting(connection, f"CREATE INDEX CONCURRENTLY {name} ON {definition}")


def drop(op: Any, name: str) -> None:
    """Take an index away, where it is there, while its table is written and read."""
    with op.get_context().autocommit_block():
        _waiting(op.get_bind(), f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _waiting(connection: Any, statement: str) -> None:
    before = connection.scalar(text("SELECT current_setting('lock_timeout')"))
    connection.execute(text(f"SET lock_timeout = '{WAITS}'"))
    connection.execute(text(statement))
    connection.execute(text(f"SET lock_timeout = '{before}'"))
