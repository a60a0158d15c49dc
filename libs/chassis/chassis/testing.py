"""Pytest fixtures on the real servers: a broker vhost and databases of the test run's own, and real processes.

Found by the environment:

- `WICI_TEST_DATABASE_URL`: a role that may create databases
- `WICI_TEST_AMQP_URL`: a broker; each test session makes a vhost of its own there
- `WICI_TEST_RABBITMQCTL`: how to call that broker's `rabbitmqctl` (`rabbitmqctl -n NODE`)

Use it with `pytest_plugins = ["chassis.testing"]`.
"""

from __future__ import annotations

import atexit
import base64
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import psycopg
import pytest
import sqlalchemy
from psycopg import sql
from sqlalchemy import text

from chassis import broker as wire
from chassis import bus
from chassis.database import Database, make_engine
from chassis.migrate import database_key, migrate
from chassis.ownership import WORK, create_database, grant, opened_as_owner, owner_of, take_over
from chassis.testing_forks import ForkedProcess
from chassis.topology import event_queue
from contracts.events import Event

READY_SECONDS = 120.0
SECRET_KEYS = "t1:" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
ACTOR_KEYS = "t1:" + base64.b64encode(b"abcdef0123456789abcdef0123456789").decode()
ERASURE_KEYS = "t1:" + base64.b64encode(b"0123456789fedcba0123456789fedcba").decode()
RETURN_PATH_KEYS = base64.b64encode(b"fedcbafedcbafedcbafedcbafedcbafe").decode()
LINK_KEYS = base64.b64encode(b"fedcba9876543210fedcba9876543210").decode()


def admin_url() -> str:
    return os.environ.get("WICI_TEST_DATABASE_URL", "postgresql://wici:wici@127.0.0.1:55432/postgres")


# Below where Linux takes the local ports of connections from (32768): there, a connection that any process opens may
# take a port between the moment when it is found free and that when it is listened on.
PORTS = range(24_000, 28_000)


def free_port() -> int:
    """A TCP port that is this process's to give away until it ends: nobody listens on it, no other test run gets it."""
    for port in random.sample(PORTS, len(PORTS)):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0wici-test-port-{port}")  # a name in memory, gone with this process
            with socket.socket() as listener:
                listener.bind(("0.0.0.0", port))
        except OSError:
            mark.close()
            continue
        atexit.register(mark.close)
        return port
    raise RuntimeError("no port is free")


def wait_until(condition: Callable[[], Any], *, timeout: float = 60.0, what: str = "it") -> Any:
    """Poll until `condition()` is truthy and return that; fails the test after `timeout` seconds."""
    ends = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends:
            pytest.fail(f"{what} did not happen within {timeout:g} s")
        time.sleep(0.05)


@contextmanager
def new_database(name: str) -> Iterator[str]:
    """A new database without tables; the URL has a role of its own, as a service has, and is not its owner's."""
    unique = f"test_{name}_{uuid4().hex[:8]}"
    url = sqlalchemy.make_url(admin_url()).set(database=unique, username=unique, password=uuid4().hex)
    role, owner = sql.Identifier(unique), sql.Identifier(owner_of(unique))
    create_database(url.render_as_string(hide_password=False), admin_url())
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with psycopg.connect(admin_url(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(role))
            connection.execute(sql.SQL("DROP ROLE {}, {}").format(owner, role))


@contextmanager
def migrated_database(service: str, revision: str = "head") -> Iterator[str]:
    """URL of a new database with the service's tables, in the service's role."""
    with new_database(service) as url:
        migrate(service, url, admin_url(), revision)
        yield url


@contextmanager
def unmigrated_database(name: str, make_tables: Callable[[sqlalchemy.Connection], object]) -> Iterator[str]:
    """As `migrated_database`, for tables that `make_tables` makes as the owner."""
    with new_database(name) as url:
        with opened_as_owner(url, admin_url()) as connection:
            take_over(connection, url)
            # As after the last of all migrations: whatever stands on it is ready.
            connection.execute(text("CREATE TABLE alembic_version AS SELECT '9999' AS version_num"))
            make_tables(connection)
            grant(connection, url)
        yield url


@contextmanager
def as_administrator(database: Database) -> Iterator[Any]:
    """A session in the same database that may do what the service may not, names found as by the service."""
    url = sqlalchemy.make_url(admin_url()).set(database=database.engine.url.database)
    address = url.render_as_string(hide_password=False)
    other = Database(make_engine(address, pool_size=1, settings={"search_path": f"{WORK},public"}))
    try:
        with other.transaction() as session:
            yield session
    finally:
        other.dispose()


@pytest.fixture(scope="session")
def database_url() -> Iterator[Callable[[str], str]]:
    """`database_url("contacts")`: URL of a fresh, migrated database of that service, one a test session."""
    made: dict[str, str] = {}
    with ExitStack() as databases:

        def of(service: str) -> str:
            if service not in made:
                made[service] = databases.enter_context(migrated_database(service))
            return made[service]

        yield of


@pytest.fixture(scope="session")
def open_database(database_url: Callable[[str], str]) -> Iterator[Callable[[str], Database]]:
    """`open_database("contacts")`: a `Database` on that session's database."""
    opened: dict[str, Database] = {}

    def of(service: str) -> Database:
        if service not in opened:
            opened[service] = Database(make_engine(database_url(service), pool_size=70))
        return opened[service]

    yield of
    for database in opened.values():
        database.dispose()


@pytest.fixture(scope="session", autouse=True)
def secret_keys() -> None:
    """Every process of the tests, this one too, has the same keys."""
    os.environ["WICI_SECRET_KEYS"] = SECRET_KEYS
    os.environ["WICI_DEVELOPMENT"] = "1"  # or these, which everybody knows, would be refused
    os.environ["WICI_ACTOR_KEYS"] = ACTOR_KEYS
    os.environ["WICI_ERASURE_KEYS"] = ERASURE_KEYS
    os.environ["WICI_RETURN_PATH_KEYS"] = RETURN_PATH_KEYS


def places_of(database: Database, needles: Iterable[str], *, but: Collection[str] = ()) -> list[str]:
    """Columns (`table.column`) of the database in which any of `needles` stands, as text, in JSON or in bytes.

    :param but: tables that are not looked into.
    """
    columns = text(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema IN ('public', 'work') AND t.table_type = 'BASE TABLE'"
        " AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY', 'inet', 'cidr')"
    )
    with database.transaction() as session:
        found = []
        for table, column, kind in session.execute(columns).all():
            if table in but:
                continue
            wanted, value = ("convert_to(n, 'UTF8')", f'"{column}"') if kind == "bytea" else ("n", f'"{column}"::text')
            is_there = text(
                f'SELECT EXISTS (SELECT 1 FROM ONLY "{table}", unnest(CAST(:needles AS text[])) n'
                f" WHERE position({wanted} IN {value}) > 0)"
            )
            if session.scalar(is_there, {"needles": list(needles)}):
                found.append(f"{table}.{column}")
    return sorted(found)


def truncate(database: Database, *, keep: tuple[str, ...] = ()) -> None:
    """Empty every table but Alembic's own and those in `keep` (seeded rows, such as plans).

    It waits for whoever is at work on any of them. New files are made for those alone that hold rows: for all of them
    with their partitions and indexes, PostgreSQL took a third of a second, test after test.
    """
    with as_administrator(database) as session:
        tables = session.scalars(
            text(
                "SELECT quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            )
        ).all()
        wanted = [table for table in tables if table not in ("alembic_version", *keep)]
        if not wanted:
            return
        session.execute(text(f"LOCK TABLE {', '.join(wanted)} IN ACCESS EXCLUSIVE MODE"))
        holds = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in wanted)
        if filled := session.scalars(text(holds)).all():
            session.execute(text(f"TRUNCATE {', '.join(filled)} CASCADE"))


def _rabbitmqctl(*arguments: str) -> None:
    command = [*shlex.split(os.environ.get("WICI_TEST_RABBITMQCTL", "rabbitmqctl")), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    if ran.returncode:
        raise RuntimeError(f"{shlex.join(command)} failed: {ran.stdout}{ran.stderr}")


def make_vhost() -> str:
    """Make a vhost with all that the contracts name, and return the AMQP URL to it."""
    base = os.environ.get("WICI_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:55672/%2F")
    vhost = f"test_{uuid4().hex[:8]}"
    _rabbitmqctl("add_vhost", vhost)
    user = base.split("//", 1)[1].split(":", 1)[0]
    _rabbitmqctl("set_permissions", "-p", vhost, user, ".*", ".*", ".*")
    url = f"{base.rsplit('/', 1)[0]}/{vhost}"
    bus.declare(url)
    return url


def delete_vhost(url: str) -> None:
    _rabbitmqctl("delete_vhost", url.rsplit("/", 1)[1])


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """URL of a vhost of this test session's own."""
    url = make_vhost()
    yield url
    delete_vhost(url)


@pytest.fixture
def broker(amqp_url: str) -> Iterator[wire.Broker]:
    """A started broker connection."""
    connection = wire.Broker(amqp_url, "test").start()
    yield connection
    connection.close()


class RunningProcess:
    """A real process of the system under test."""

    def __init__(self, command: list[str], environ: dict[str, str], log: Path, *, is_forked: bool = False) -> None:
        self.command, self.environ, self.log = command, environ, log
        self._is_forked = is_forked  # of a `python -m MODULE …`: `chassis.testing_forks`
        self.health_port = int(environ["HEALTH_PORT"])
        self.start()

    def start(self) -> RunningProcess:
        self._asked_to_stop = False
        self._process = self._spawned()
        return self

    def _spawned(self) -> subprocess.Popen[bytes] | ForkedProcess:
        if self._is_forked:
            return ForkedProcess(self.command[2], self.command[3:], self.environ, self.log)
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.command, env=self.environ, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self, timeout: float = READY_SECONDS) -> RunningProcess:
        """Wait until `/readyz` answers 200; fails the test with the end of the log otherwise."""
        ends = time.monotonic() + timeout
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > ends:
                pytest.fail(f"{self.command} is not ready (exit {self._process.poll()}):\n{self.log_tail()}")
            time.sleep(0.1)
        return self

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def is_running(self) -> bool:
        return self._process.poll() is None

    def log_tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def ask_to_stop(self) -> None:
        """SIGTERM, once; nameko takes a second one for impatience."""
        if self._process.poll() is None and not self._asked_to_stop:
            self._asked_to_stop = True
            self._process.terminate()

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM, and the exit code; kill -9 when it does not end within `timeout` seconds."""
        if self._process.poll() is None:
            self.ask_to_stop()
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
        return int(self._process.returncode or 0)


Launcher = Callable[..., RunningProcess]


@contextmanager
def launcher(amqp_url: str, database_url: Callable[[str], str], folder: Path) -> Iterator[Launcher]:
    """What `launch` and `launch_once` are: processes that run until the block ends."""
    running: list[RunningProcess] = []

    def start(
        module: str,
        *arguments: str,
        service: str | None = None,
        env: dict[str, str] | None = None,
        wait: bool = True,
        command: list[str] | None = None,
    ) -> RunningProcess:
        environ = {
            **os.environ,
            "AMQP_URL": amqp_url,
            "HEALTH_PORT": str(free_port()),
            "WICI_SECRET_KEYS": SECRET_KEYS,
            "WICI_DEVELOPMENT": "1",
            "WICI_ACTOR_KEYS": ACTOR_KEYS,
            "WICI_ERASURE_KEYS": ERASURE_KEYS,
            "WICI_RETURN_PATH_KEYS": RETURN_PATH_KEYS,
            "WICI_LINK_KEYS": LINK_KEYS,
            "WICI_PUBLIC_URL": "http://127.0.0.1:8000",
            "PYTHONUNBUFFERED": "1",
        }
        if service is not None:
            environ[database_key(service)] = database_url(service)
        environ.update(env or {})
        log = Path(tempfile.mkstemp(prefix=f"{module.replace(':', '_')}-", suffix=".log", dir=folder)[1])
        own = [sys.executable, "-m", module, *arguments]
        process = RunningProcess(command or own, environ, log, is_forked=command is None)
        running.append(process)
        return process.wait_ready() if wait else process

    try:
        yield start
    finally:
        for process in reversed(running):  # all at once: each takes its seconds to hand over what it has
            process.ask_to_stop()
        for process in running:
            process.stop()


@pytest.fixture
def launch(amqp_url: str, database_url: Callable[[str], str], tmp_path: Path) -> Iterator[Launcher]:
    """`launch("contacts.jobs", service="contacts")` runs `python -m contacts.jobs`, ready, on that service's database.

    Keyword `env` adds or overrides variables; `wait=False` returns before it is ready.
    """
    with launcher(amqp_url, database_url, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def launch_once(
    amqp_url: str, database_url: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Launcher]:
    """As `launch`, for processes that a module's tests share; for tests that leave them as they found them."""
    with launcher(amqp_url, database_url, tmp_path_factory.mktemp("processes")) as start:
        yield start


def nameko_command(target: str, amqp_url: str) -> list[str]:
    """The command that runs a Nameko service: `launch(target, command=nameko_command(target, amqp_url))`."""
    return [str(Path(sys.executable).with_name("nameko")), "run", "--broker", amqp_url, target]


@pytest.fixture
def launch_service(launch: Launcher, amqp_url: str) -> Launcher:
    """`launch_service("contacts.service:ContactsService", service="contacts")` runs it under `nameko run`, ready."""

    def start(target: str, **options: Any) -> RunningProcess:
        return launch(target, command=nameko_command(target, amqp_url), **options)

    return start


@pytest.fixture
def acts_told(amqp_url: str) -> Callable[..., list[dict[str, Any]]]:
    """`acts_told(events.CAMPAIGNS_ACT, {campaign_id}, until="campaign.cancelled")`: the acts on those things, in order.

    Taken from where identity, which does not run here, would take them.
    """

    def collect(event: Event, targets: set[str], *, until: str, timeout: float = 60.0) -> list[dict[str, Any]]:
        connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        channel, told = connection.channel(), list[dict[str, Any]]()
        queue = event_queue(event, "identity", "record_act")
        ends = time.monotonic() + timeout
        while not told or told[-1]["action"] != until:
            body = channel.basic_get(queue, auto_ack=True)[2]
            if body is None:
                assert time.monotonic() < ends, f"{until} was not told of, but {[act['action'] for act in told]}"
                time.sleep(0.05)
                continue
            act = event.schema().loads(body)
            if act["target_id"] in targets:
                told.append(act)
        connection.close()
        return told

    return collect
