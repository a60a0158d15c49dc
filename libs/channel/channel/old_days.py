"""Days of the ledger that are kept no longer: dropped whole, a partition at a time (decision 0196).

A day stays, however old, while anything of it may still be asked for: a message that waits to be sent or is being sent,
or one of a campaign that is under way or has ended within a month, whose outcomes are still counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chassis.logs import get_logger
from chassis.partitions import days_of
from contracts.ids import first_id_at

KEPT_DAYS = 366  # as long as the message log has what may be told of the longest (decision 0099), and a day more
LOCK = 0x6368_6E31  # "chn1": of this database's advisory locks; who has it looks after old partitions
# A reader who takes long keeps a drop from its lock, behind which all others would wait: it is given up till next time.
DROP_WAITS = "1s"
AT_ONCE = 5_000

_WAITS = """
SELECT EXISTS (SELECT FROM retries WHERE message_id >= :first AND message_id < :after)
    OR EXISTS (SELECT FROM claims WHERE send_id >= :first AND send_id < :after)
"""
# A message's campaign is known here while it runs or pauses, and for a month after its end: `campaign_states.KEPT`. The
# day is read once at most: IS TRUE keeps the planner from a join that reads it for each campaign.
_IS_COUNTED = (
    "SELECT EXISTS (SELECT FROM {day} WHERE (campaign_id IN (SELECT campaign_id FROM campaign_states)) IS TRUE)"
)
_FORGET_ROWS = """
DELETE FROM ledger_default WHERE message_id = ANY (ARRAY(
    SELECT message_id FROM ledger_default l WHERE message_id < :before
    AND NOT EXISTS (SELECT FROM retries r WHERE r.message_id = l.message_id)
    AND NOT EXISTS (SELECT FROM campaign_states s WHERE s.campaign_id = l.campaign_id)
    ORDER BY message_id LIMIT :limit))
"""
_FORGET_ROWS_BESIDE = """
DELETE FROM {table}_default WHERE message_id = ANY (ARRAY(
    SELECT message_id FROM {table}_default b WHERE message_id < :before
    AND NOT EXISTS (SELECT FROM ledger l WHERE l.message_id = b.message_id OFFSET 0)
    ORDER BY message_id LIMIT :limit))
"""
# By these a person is found whose message is in the ledger no more: they go with it. What waits to leave stays.
_FORGET_SENDS = """
DELETE FROM sends WHERE send_id = ANY (ARRAY(SELECT send_id FROM sends s WHERE send_id < :before
    AND NOT EXISTS (SELECT FROM retries r WHERE r.message_id BETWEEN s.stem_id
    AND CAST(left(CAST(s.stem_id AS text), 28) || 'ffffffff' AS uuid)) ORDER BY send_id LIMIT :limit))
"""
# Keys of requests for single messages, of a channel that keeps them apart from its sends. No request comes again after
# so long: the gateway remembers it for a day.
_FORGET_REQUESTS = """
DELETE FROM requests WHERE send_id = ANY (ARRAY(
    SELECT send_id FROM requests WHERE send_id < :before ORDER BY send_id LIMIT :limit))
"""

log = get_logger()


@contextmanager
def alone(engine: Engine) -> Iterator[Connection | None]:
    """A connection, each statement a transaction, for who looks after old partitions; None while another one does."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
            yield None
            return
        try:
            yield connection
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def forget(engine: Engine, tables: Sequence[str], kept_days: int, now: datetime) -> None:
    """Drop what is older than so many days, unless another process does so at this moment; harmless twice.

    :param tables: those that have a partition a day: the ledger, then what it has beside it.
    """
    first_kept = now.astimezone(UTC).date() - timedelta(days=kept_days)
    with alone(engine) as connection:
        if connection is None:
            return
        connection.execute(text(f"SET lock_timeout = '{DROP_WAITS}'"))
        try:
            _drop_days(connection, tables, first_kept)
            _forget_strays(connection, tables, _first_of(first_kept))
            if connection.scalar(text("SELECT to_regclass('sends') IS NOT NULL")):
                forget_sends(connection, _first_of(first_kept))
            if connection.scalar(text("SELECT to_regclass('requests') IS NOT NULL")):
                _in_turns(connection, _FORGET_REQUESTS, _first_of(first_kept))
        except OperationalError as error:  # LockNotAvailable is one
            log.warning("old_days_in_use", error=error)
        finally:
            connection.execute(text("RESET lock_timeout"))


def forget_sends(connection: Connection | Session, before: UUID) -> None:
    """Delete requests for single messages made before that id, the oldest first, but for what waits to leave."""
    _in_turns(connection, _FORGET_SENDS, before)


def _drop_days(connection: Connection, tables: Sequence[str], first_kept: date) -> None:
    of = {table: days_of(connection, table) for table in tables}
    for day in sorted({day for days in of.values() for day in days if day < first_kept}):
        if _is_needed(connection, day, of["ledger"].get(day)):
            continue
        # The ledger's own last: while it is there, it says of the others whether they are needed.
        for table in reversed(tables):
            if name := of[table].get(day):
                connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
                log.info("old_partition_dropped", partition=name)


def _is_needed(connection: Connection, day: date, partition: str | None) -> bool:
    asked = {"first": _first_of(day), "after": _first_of(day + timedelta(days=1))}
    if connection.scalar(text(_WAITS), asked):
        return True
    return partition is not None and bool(connection.scalar(text(_IS_COUNTED.format(day=partition))))


def _forget_strays(connection: Connection, tables: Sequence[str], before: UUID) -> None:
    """Rows of days that had no partition, or have none any more: of a campaign that was resumed after a long pause."""
    if connection.scalar(text("SELECT EXISTS (SELECT FROM claims WHERE send_id < :before)"), {"before": before}):
        return
    _in_turns(connection, _FORGET_ROWS, before)
    for table in tables:
        if table != "ledger":
            _in_turns(connection, _FORGET_ROWS_BESIDE.format(table=table), before)


def _in_turns(connection: Connection | Session, statement: str, before: UUID) -> None:
    deleted = AT_ONCE
    while deleted >= AT_ONCE:
        done: Any = connection.execute(text(statement), {"before": before, "limit": AT_ONCE})
        deleted = done.rowcount


def _first_of(day: date) -> UUID:
    return first_id_at(datetime.combine(day, time(), UTC))
