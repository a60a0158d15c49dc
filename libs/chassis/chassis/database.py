"""The database: sessions that commit inside the method, COPY in the same transaction, and partitions by day."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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

from chassis.arrays import write_lists_fast

RESTED_SECONDS = 1.0
APART = ";\n"  # what stands between the statements of `execute_together`

Statement = tuple[str, Sequence[Any]]
"""A statement and what is bound to it."""


def _make_waits_green() -> None:
    """Let psycopg's waits yield to eventlet's hub.

    Its C implementation of `wait` blocks the whole process: ten greenlets waiting 0.9 s each then take 9 s. The pure
    Python selector wait uses the patched `select`. Must run before the first connection is made.
    """
    psycopg.waiting.wait = psycopg.waiting.wait_selector


def eventlet_is_active() -> bool:
    """Whether this is a Nameko process, where what waits has to yield to eventlet's hub."""
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
    if eventlet_is_active():
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
    sqlalchemy.event.listen(engine, "connect", lambda connection, _record: write_lists_fast(connection))
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
                connection.autocommit = True  # one round trip; BEGIN and ROLLBACK would be two more
                connection.execute("SELECT 1")
                connection.autocommit = False
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
_DISK_FULL = "53100"


def _state_of(error: BaseException) -> str:
    """SQLSTATE; empty where the error has none."""
    return str(getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None) or "")


def fault_of(error: BaseException) -> Fault:
    """Tell a value that the database refuses from a database that is away.

    psycopg's own classes do not: a value too long for an index is an OperationalError there, as a lost connection is.
    """
    if state := _state_of(error):
        known = Fault.DATA if state[:2] in _OF_DATA else Fault.PROGRAM
        return Fault.SERVER if state[:2] in _OF_SERVER else known
    if isinstance(error, sqlalchemy.exc.TimeoutError | DisconnectionError):
        return Fault.SERVER  # the pool's
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return Fault.SERVER
    # Half a character, which no encoding can write, is a value that never gets as far as the database.
    return Fault.DATA if isinstance(cause, psycopg.DataError | UnicodeEncodeError) else Fault.PROGRAM


def is_rolled_back(error: BaseException) -> bool:
    """Whether the server rolled the transaction back for others' sake: a deadlock, or a failed serialization."""
    return _state_of(error).startswith("40")


def is_full(error: BaseException) -> bool:
    """Whether the server has no room on its disk."""
    return _state_of(error) == _DISK_FULL


def is_connection_lost(error: BaseException) -> bool:
    """Whether the connection was lost in the middle of a transaction."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def may_be_committed(error: BaseException) -> bool:
    """Whether a transaction that failed so may stand all the same: the connection was lost between the commit and its
    answer. What must not happen twice is not tried again then.

    SQLAlchemy's errors name the statement that failed, and none where it was the COMMIT.
    """
    return is_connection_lost(error) and isinstance(error, DBAPIError) and error.statement is None


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


@contextmanager
def pipelined(session: Session) -> Iterator[Callable[[], psycopg.Cursor[Any]]]:
    """Statements that go out together, in the session's transaction; a round trip for all of them.

    Each on a cursor of its own, of those that the block is given. What they answer is read once the block has ended,
    where the first error among them is raised.
    """
    connection = cursor_of(session).connection
    with connection.pipeline():
        yield connection.cursor


def execute_together(cursor: psycopg.Cursor[Any], statements: Iterable[Statement]) -> list[list[Any]]:
    """Run statements that are sent as one text; returns the rows of each.

    Each sees what was committed before it began, as if it were sent alone. Who sends waits once for all of them: for
    the server, and for its turn on the GIL, for which it would wait with each statement of a pipeline, too.
    """
    merged = psycopg.ClientCursor(cursor.connection).mogrify
    cursor.execute(APART.join([merged(statement, bound) for statement, bound in statements]), prepare=False)
    found = [_rows(cursor)]
    while cursor.nextset():
        found.append(_rows(cursor))
    return found


def _rows(cursor: psycopg.Cursor[Any]) -> list[Any]:
    return cursor.fetchall() if cursor.description else []


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
