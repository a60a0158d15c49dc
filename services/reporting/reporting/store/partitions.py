"""Partitions of the log by day: coming days are made, cold ones get an index, and what is too old is dropped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.engine import Connection

from chassis.database import Database, ensure_partitions
from chassis.logs import get_logger
from contracts.vocabulary import MessageState
from reporting.domain.states import STATE_CODE

PARTITIONED = ("messages", "state_history", "engagements")
DAYS_AHEAD = 4
# Most receipts come within hours and validity ends after three days (4,320 minutes): then a partition is cold.
COLD_AFTER = timedelta(days=4)
# States of SMS delivery are kept 12 months (product row G5), and a month more so that a whole one is always there.
KEEP = timedelta(days=396)
LOCK = 0x7265_7075  # "repu"

log = get_logger()


def prepare_partitions(database: Database, now: datetime) -> list[str]:
    """Make the partitions from yesterday on; idempotent."""
    made = []
    first_day = (now.astimezone(UTC) - timedelta(days=1)).date()
    for table in PARTITIONED:
        with database.transaction() as session:
            names = ensure_partitions(session, table, first_day, DAYS_AHEAD)
            if table == "messages":
                for name in names:
                    # Room for the second version of each row on its own page: the final state then touches no index.
                    session.execute(text(f"ALTER TABLE {name} SET (fillfactor = 50)"))
        made += names
    return made


def look_after(database: Database, now: datetime) -> None:
    """Do all of it, unless somebody else does at this moment."""
    prepare_partitions(database, now)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
            return
        try:
            _index_cold(connection, now)
            _drop_old(connection, now)
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def _index_cold(connection: Connection, now: datetime) -> None:
    """Index those messages of cold days that still wait for their receipt: a few among millions.

    On a day that is still being written the index would cost more than it gives: with `state` in any index, PostgreSQL
    writes all indexes anew at each change of state.
    """
    for day, name in _days(connection, "messages"):
        index = f"{name}_waiting"
        if now.astimezone(UTC).date() - day < COLD_AFTER:
            continue
        valid = connection.scalar(
            text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:index)"), {"index": index}
        )
        if valid is False:  # a build that was interrupted
            connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"))
        if not valid:
            waiting = STATE_CODE[MessageState.SUBMITTED]
            connection.execute(
                text(f"CREATE INDEX CONCURRENTLY {index} ON {name} (account_id, message_id) WHERE state = {waiting}")
            )
            log.info("cold_partition_indexed", partition=name)


def _drop_old(connection: Connection, now: datetime) -> None:
    """Drop the days beyond retention; the counters of them stay (product row G5: counts survive)."""
    for table in PARTITIONED:
        for day, name in _days(connection, table):
            if now.astimezone(UTC).date() - day > KEEP:
                connection.execute(text(f"DROP TABLE {name}"))
                log.info("old_partition_dropped", partition=name)


def _days(connection: Connection, table: str) -> list[tuple[date, str]]:
    """The day partitions of a table, oldest first."""
    names = connection.scalars(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(:table) AND c.relname ~ '_p[0-9]{8}$' ORDER BY 1"
        ),
        {"table": table},
    ).all()
    return [(date.fromisoformat(f"{name[-8:-4]}-{name[-4:-2]}-{name[-2:]}"), name) for name in names]
