"""Partitions of the log by day: coming days are made, cold ones get an index, and what is too old is dropped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from chassis.database import Database
from chassis.logs import get_logger
from chassis.partitions import days_of, ensure_partitions
from contracts.vocabulary import MessageState
from reporting.domain.retention import LONGEST
from reporting.domain.states import STATE_CODE
from reporting.store import retention

PARTITIONED = ("messages", "state_history", "engagements", "labels")
DAYS_AHEAD = 4
# Most receipts come within hours and validity ends after three days (4,320 minutes): then a partition is cold.
COLD_AFTER = timedelta(days=4)
KEEP = timedelta(days=LONGEST)
DROP_WAITS = "1s"
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
            _index_detailed(connection, now)
            _drop_old(connection, now)
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def _index_cold(connection: Connection, now: datetime) -> None:
    """Index those messages of cold days that still wait for their receipt: a few among millions.

    On a day that is still being written the index would cost more than it gives: with `state` in any index, PostgreSQL
    writes all indexes anew at each change of state.
    """
    waiting = STATE_CODE[MessageState.SUBMITTED]
    for day, name in days_of(connection, "messages").items():
        if now.astimezone(UTC).date() - day >= COLD_AFTER:
            index = f"{name}_waiting"
            statement = f"CREATE INDEX CONCURRENTLY {index} ON {name} (account_id, message_id) WHERE state = {waiting}"
            _index(connection, index, statement)


def _index_detailed(connection: Connection, now: datetime) -> None:
    """Index, of cold days, the openings that still say from where they were (`retention.blank_detailed`)."""
    for day, name in days_of(connection, "engagements").items():
        if now.astimezone(UTC).date() - day >= COLD_AFTER:
            _index(connection, f"{name}_detailed", retention.index_of_detailed(name))


def _index(connection: Connection, index: str, statement: str) -> None:
    """Make an index that is not there; one whose build was interrupted is made anew."""
    valid = connection.scalar(
        text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:index)"), {"index": index}
    )
    if valid is False:
        connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"))
    if not valid:
        connection.execute(text(statement))
        log.info("cold_partition_indexed", index=index)


def tables_before(database: Database, table: str, before: date) -> list[tuple[str, date | None]]:
    """Partitions that may hold anything of days before that one: each with its day, and the default one."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        days = [(name, day) for day, name in days_of(connection, table).items() if day < before]
    return [*days, (f"{table}_default", None)]


def drop_if_empty(database: Database, day: date) -> None:
    """Drop a day's partitions in which nothing is left, one in a transaction: who writes several waits in no circle.

    A reader who takes long keeps it from the lock, behind which all others would wait: it is given up, and the empty
    partition stays until the day is over for every channel.
    """
    for table in PARTITIONED:
        name = f"{table}_p{day:%Y%m%d}"
        try:
            with database.transaction() as session:
                session.execute(text(f"SET LOCAL lock_timeout = '{DROP_WAITS}'"))
                if retention.exists(session, name) and retention.is_empty(session, name):
                    session.execute(text(f"DROP TABLE {name}"))
                    log.info("empty_partition_dropped", partition=name)
        except OperationalError:
            log.warning("empty_partition_in_use", partition=name)


def _drop_old(connection: Connection, now: datetime) -> None:
    """Drop the days beyond retention; the counters of them stay (product row G5: counts survive).

    Where somebody reads for long, no more of them until next time: behind a drop that waits all others would.
    """
    connection.execute(text(f"SET lock_timeout = '{DROP_WAITS}'"))
    try:
        for table in PARTITIONED:
            for day, name in days_of(connection, table).items():
                if now.astimezone(UTC).date() - day > KEEP:
                    connection.execute(text(f"DROP TABLE {name}"))
                    log.info("old_partition_dropped", partition=name)
    except OperationalError as error:
        log.warning("old_partitions_in_use", error=error)
    finally:
        connection.execute(text("RESET lock_timeout"))
