"""The database: sessions that commit inside the method, COPY in the same transaction, and partitions by day."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import orjson
import psycopg
import psycopg.waiting
import sqlalchemy
from sqlalchemy import CursorResult, Executable, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import Session as Session  # use cases name it in their signatures
from sqlalchemy.orm import sessionmaker

from contracts.ids import first_id_at

RESTED_SECONDS = 1.0


def _make_waits_green() -> None:
    """Let psycopg's waits yield to eventlet's hub.

    Its C implementation of `wait` blocks the whole process: ten greenlets waiting 0.9 s each then take 9 s. The pure
    Python selector wait uses the patched `select`. Must run before the first connection is made.
    """
    psycopg.waiting.wait = psycopg.waiting.wait_selector


def _eventlet_is_active() -> bool:
    # Looked up, not imported: the gateway and the socket processes have no eventlet and shall not load it.
    patcher = sys.modules.get("eventlet.patcher")
    return patcher is not None and bool(patcher.is_monkey_patched("select"))


class SettingsNotInForce(Exception):
    """The server does not have the settings that the process asks for with each connection."""


def make_engine(
    url: str,
    *,
    pool_size: int = 10,
    application_name: str = "wici",
    statement_seconds: int = 0,
    settings: Mapping[str, str] | None = None,
) -> sqlalchemy.Engine:
    """An engine on psycopg 3 for `postgresql://user:password@host/database`.

    What the URL says in `options=` reaches the server too; where both name a setting, the one asked for here wins.

    :param statement_seconds: PostgreSQL ends a statement that runs longer; 0 for no limit.
    :param settings: more of PostgreSQL's settings for each connection; see `ensure_settings`.
    """
    if _eventlet_is_active():
        _make_waits_green()
    address = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
    # UTC whatever the server says: the API speaks UTC.
    own = {**(settings or {}), "TimeZone": "UTC", "statement_timeout": str(statement_seconds * 1000)}
    options = " ".join([*_options_of(address), *(f"-c {name}={value}" for name, value in own.items())])
    engine = sqlalchemy.create_engine(
        address.difference_update_query(["options"]),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,  # of statements, in errors: they are customers'
        json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
        json_deserializer=orjson.loads,
        connect_args={"application_name": application_name, "connect_timeout": 10, "options": options},
    )
    _test_rested_connections(engine)
    return engine


def _options_of(address: sqlalchemy.URL) -> tuple[str, ...]:
    """What stands in the URL's `options`, which may be there several times."""
    given = address.query.get("options", ())
    return (given,) if isinstance(given, str) else given


def ensure_settings(engine: sqlalchemy.Engine, settings: Mapping[str, str]) -> None:
    """Ask the server whether `settings` are in force: a pooler between may drop them, and nothing would say so.

    :raises SettingsNotInForce: naming those that are not.
    """
    asked = text("SELECT name, current_setting(name, true) FROM unnest(CAST(:names AS text[])) AS n(name)")
    with engine.connect() as connection:
        found: dict[str, str | None] = {row[0]: row[1] for row in connection.execute(asked, {"names": list(settings)})}
    wrong = {name: found[name] for name, value in settings.items() if found[name] != value}
    if wrong:
        raise SettingsNotInForce(f"PostgreSQL has {wrong} where the process asked for other settings")


def _test_rested_connections(engine: sqlalchemy.Engine) -> None:
    """Ask a connection that has rested in the pool whether it still lives, and make another if not.

    `pool_pre_ping` would ask each time, which costs a busy service a round trip a transaction; a server does not stop
    and come back within `RESTED_SECONDS`.
    """

    def checked_in(_connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    def checked_out(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used_at", math.inf) > RESTED_SECONDS:
            try:
                connection.execute("SELECT 1")
                connection.rollback()
            except psycopg.Error:
                raise DisconnectionError from None

    sqlalchemy.event.listen(engine, "checkin", checked_in)
    sqlalchemy.event.listen(engine, "checkout", checked_out)


class Waker(Protocol):
    """Waits in this process for what a transaction says to be there: `chassis.waking`."""

    def set(self) -> None: ...


class Database:
    """One engine and the one way to a session."""

    def __init__(self, engine: sqlalchemy.Engine) -> None:
        self.engine = engine
        self.wakers: dict[str, Waker] = {}
        self._sessions = sessionmaker(engine, expire_on_commit=False, info={"wakers": self.wakers})
        self._readers = sessionmaker(engine.execution_options(isolation_level="AUTOCOMMIT"))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises.

        Commit happens here, inside the caller's method: Nameko sends its reply before any worker hook would run.
        """
        with self._sessions() as session:
            with session.begin():
                yield session
            self._wake(session)

    def _wake(self, session: Session) -> None:
        for name in session.info.get("woken", ()):
            if (waker := self.wakers.get(name)) is not None:
                waker.set()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for one read: without BEGIN and COMMIT, which are a round trip each."""
        with self._readers() as session:
            yield session

    def ping(self) -> None:
        """Raises when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self) -> None:
        self.engine.dispose()


class Fault(StrEnum):
    """Whose fault it is that a transaction failed, and so what helps."""

    SERVER = "server"  # the connection or the server: the same again, later
    DATA = "data"  # a value that the database does not take: the same without it
    PROGRAM = "program"  # the statement, the schema or our own code: nothing helps but a person


# Classes of SQLSTATE (PostgreSQL, appendix A). 54 is by its name a limit of the program, and by what it means a value
# that is too long for an index.
_OF_DATA = ("21", "22", "23", "44", "54")
_OF_SERVER = ("08", "25", "26", "28", "3D", "40", "53", "55", "57", "58", "XX")


def fault_of(error: BaseException) -> Fault:
    """Tell a value that the database refuses from a database that is away.

    psycopg's own classes do not: a value too long for an index is an OperationalError there, as a lost connection is.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state:
        known = Fault.DATA if state[:2] in _OF_DATA else Fault.PROGRAM
        return Fault.SERVER if state[:2] in _OF_SERVER else known
    if isinstance(error, sqlalchemy.exc.TimeoutError | DisconnectionError):
        return Fault.SERVER  # the pool's
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return Fault.SERVER
    return Fault.DATA if isinstance(cause, psycopg.DataError) else Fault.PROGRAM


def may_be_committed(error: Exception) -> bool:
    """Whether a transaction that failed so may stand all the same: the connection was lost, perhaps between the commit
    and its answer. What must not happen twice is not tried again then."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def changed(session: Session, statement: Executable | str, /, **values: Any) -> int:
    """Run an INSERT, UPDATE or DELETE; returns how many rows it changed."""
    result = session.execute(text(statement) if isinstance(statement, str) else statement, values)
    assert isinstance(result, CursorResult)
    return int(result.rowcount)


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """The rows turned into `width` lists, as `unnest` takes them; as many empty lists where there are no rows."""
    turned = [list(column) for column in zip(*rows, strict=True)]
    return turned or [[] for _ in range(width)]


def cursor_of(session: Session) -> psycopg.Cursor[Any]:
    """A raw psycopg cursor in the session's transaction, for COPY and `unnest` in hot paths."""
    cursor: psycopg.Cursor[Any] = session.connection().connection.cursor()  # type: ignore[assignment]
    return cursor


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY `rows` into `table` within the session's transaction; returns how many.

    `table` and `columns` are our own names, never a customer's.
    """
    count = 0
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with cursor_of(session) as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def ensure_partitions(session: Session, table: str, first_day: date, days: int = 3) -> list[str]:
    """Create the day partitions of `table`, which is partitioned by ranges of a time-ordered UUID; idempotent.

    They are the service's own, in the schema `work`; the function that makes them is the owner's (`chassis.ownership`).

    :returns: names of the partitions made now, `{table}_p20261124`.

    A row of a day that has no partition goes to the table's DEFAULT partition, so nothing is refused for lack of one; a
    day whose rows already lie there is left to it.
    """
    made = []
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"partitions:{table}"})
    for day in (first_day + timedelta(days=offset) for offset in range(days)):
        name = f"{table}_p{day:%Y%m%d}"
        if session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name}):
            continue
        start = first_id_at(datetime(day.year, day.month, day.day, tzinfo=UTC))
        end = first_id_at(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1))
        if _default_holds(session, table, start, end):
            continue
        asked = {"table": table, "name": name, "start": start, "end": end}
        session.execute(text("SELECT create_day_partition(:table, :name, :start, :end)"), asked)
        made.append(name)
    return made


def _default_holds(session: Session, table: str, start: Any, end: Any) -> bool:
    default = session.scalar(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(:table) AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'"
        ),
        {"table": table},
    )
    if default is None:
        return False
    key = session.scalar(
        text("SELECT pg_get_partkeydef(to_regclass(:table))"), {"table": table}
    )  # "RANGE (message_id)"
    column = str(key).partition("(")[2].rstrip(")").split(",")[0]
    held = session.scalar(
        text(f"SELECT EXISTS (SELECT 1 FROM {default} WHERE {column} >= :start AND {column} < :end)"),
        {"start": start, "end": end},
    )
    return bool(held)
