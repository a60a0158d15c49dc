"""The Nameko side of the chassis: the base of every service, and the dependencies that services use.

class Groups(Entrypoints):
    calls = contracts.contacts.RPC
    database = Database("CONTACTS_DATABASE_URL")

    @rpc
    def create_group(self, actor, payload):
        return self.run("create_group", groups.create, actor, payload)

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload): ...
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from nameko.extensions import DependencyProvider
from nameko.rpc import Rpc
from sqlalchemy.orm import Session

from chassis import config, erasures, logs, revisions, seals, spans
from chassis import database as db
from chassis.backlogs import Backlogs
from chassis.entrypoints import EventHandler, event_handler, rpc
from chassis.health import HealthServer
from chassis.metrics import RPC_SECONDS
from chassis.outbox import Relay
from chassis.rpc_client import DEFAULT_DEADLINE, RpcClient
from chassis.service_process import POOL_SIZE, Process
from contracts.errors import WiciError
from contracts.rpc import Actor, Call

log = logs.get_logger()

Payload = dict[str, Any]

SHUTDOWN_SECONDS = 10.0
# Whoever asked by RPC has given up by then; a statement that went on would only burn a core for nobody.
STATEMENT_SECONDS = 60
# Each keeps the 19 MiB of an Argon2 hash that it made: eventlet's 20 of them held more memory than the service.
NATIVE_THREADS = 6
# A call that only read something and was quick is not worth a line; a session is looked up for every request.
READING = ("get_", "list_", "find_", "count_", "read_", "check_", "render_", "preview_", "sample_", "authenticate")
SLOW_SECONDS = 1.0


class Database(DependencyProvider):
    """The service's database: `with self.database.transaction() as session:`."""

    process = Process()

    def __init__(self, key: str) -> None:
        self.key = key

    def setup(self) -> None:
        self.database = database_from_environment(
            self.key, os.environ, self.container.service_name, self.process.common.pool_size
        )
        self.process.checks["database"] = self.database.ping
        # Of the package that the service is in: another may stand under its name.
        package = self.container.service_cls.__module__.partition(".")[0]
        if revisions.has_migrations(package):
            self.process.checks["migrations"] = revisions.readiness(package, self.database.engine)
        self._backlogs = Backlogs(self.database.engine)

    def stop(self) -> None:
        self._backlogs.close()
        self.database.dispose()

    def get_dependency(self, worker_ctx: Any) -> db.Database:
        return self.database


def database_from_environment(key: str, environ: Any, application_name: str, pool_size: int = POOL_SIZE) -> db.Database:
    """The database at the URL in the environment variable `key`."""

    @dataclass(frozen=True)
    class OneUrl:
        url: str = config.setting(key, secret=True)

    url = config.load(OneUrl, environ).url
    return db.Database(
        db.make_engine(url, pool_size=pool_size, application_name=application_name, statement_seconds=STATEMENT_SECONDS)
    )


class ErasureKeys(DependencyProvider):
    """For a service that looks for people who were erased: without `WICI_ERASURE_KEYS` it does not start."""

    def setup(self) -> None:
        erasures.check_keys()

    def get_dependency(self, worker_ctx: Any) -> None:
        return None


class Clock(DependencyProvider):
    """`self.clock.now()`: the time, UTC; what is given to the rules, which never look it up themselves."""

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def get_dependency(self, worker_ctx: Any) -> Clock:
        return self


class Services(DependencyProvider):
    """Other services: `self.services.call("identity.reserve_quota", actor, payload, deadline=5.0)`."""

    process = Process()

    def start(self) -> None:
        self._client = RpcClient(self.process.broker, seals.passed_on)

    def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = DEFAULT_DEADLINE) -> Any:
        return self._client.call(name, actor, payload, deadline=deadline)

    def get_dependency(self, worker_ctx: Any) -> Services:
        return self


class OutboxRelay(DependencyProvider):
    """Relays the service's outbox while the service runs; the dependency itself is the `Relay`, for `poke()`."""

    process = Process()

    def start(self) -> None:
        database = next(
            extension.database for extension in self.container.extensions if isinstance(extension, Database)
        )
        self._stop = threading.Event()
        self.relay = Relay(database, self.process.broker)
        self.process.checks["outbox"] = self.relay.check
        self._thread = threading.Thread(target=self.relay.run, args=(self._stop,), name="outbox-relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.relay.poke()
        self._thread.join(SHUTDOWN_SECONDS)

    def get_dependency(self, worker_ctx: Any) -> Relay:
        return self.relay


class Health(DependencyProvider):
    """`/healthz`, `/readyz`, `/metrics` on `HEALTH_PORT`; also binds ids to the logs and times every RPC."""

    process = Process()

    def start(self) -> None:
        self._server = HealthServer(self.process.common.health_port, self.process.checks)

    def stop(self) -> None:
        self._server.close()

    def worker_setup(self, worker_ctx: Any) -> None:
        context = worker_ctx.context_data
        worker_ctx.data["span"] = spans.new_id() if spans.is_on() else None
        logs.bind(
            trace_id=context.get("trace_id"), account_id=context.get("account_id"), span_id=worker_ctx.data["span"]
        )
        worker_ctx.data["started"] = time.monotonic()

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        if worker_ctx.data.get("span"):
            _record(worker_ctx, failed=exc_info is not None)
        if isinstance(worker_ctx.entrypoint, Rpc):
            outcome = "ok" if exc_info is None else "error" if isinstance(exc_info[1], WiciError) else "failed"
            elapsed = time.monotonic() - worker_ctx.data.get("started", time.monotonic())
            method = worker_ctx.entrypoint.method_name
            RPC_SECONDS.labels(method, outcome).observe(elapsed)
            if outcome != "ok" or elapsed >= SLOW_SECONDS or not method.startswith(READING):
                log.info("call_answered", method=method, outcome=outcome, milliseconds=round(elapsed * 1000, 1))
        elif isinstance(worker_ctx.entrypoint, EventHandler):
            outcome = "ok" if exc_info is None else "failed"
            log.info("event_handled", handler=worker_ctx.entrypoint.method_name, outcome=outcome)

    def get_dependency(self, worker_ctx: Any) -> None:
        return None


def _record(worker_ctx: Any, *, failed: bool) -> None:
    """The span of one call or event."""
    context, is_call = worker_ctx.context_data, isinstance(worker_ctx.entrypoint, Rpc)
    seconds = time.monotonic() - worker_ctx.data["started"]
    spans.record(
        f"{worker_ctx.container.service_name}.{worker_ctx.entrypoint.method_name}",
        spans.Kind.SERVER if is_call else spans.Kind.CONSUMER,
        request_id=str(context.get("trace_id") or ""), started=time.time() - seconds,
        span_id=worker_ctx.data["span"], parent=context.get("span_id"), failed=failed,
    )  # fmt: skip


class Entrypoints:
    """The base of a service's groups of entrypoints: the one way from a payload to an answer.

    A use case is `use_case(session, *, actor, now, **request)`, and says by keyword what more it is given.
    """

    calls: ClassVar[Mapping[str, Call]]
    """The service's table of calls: `contracts.<service>.RPC`."""

    database: ClassVar[Any]
    services = Services()
    clock = Clock()
    health = Health()

    def run(self, name: str, use_case: Callable[..., Any], actor: Actor, payload: Payload, **given: Any) -> Payload:
        """Load the payload of call `name`, run the use case in one transaction, dump what it returns."""
        call = self.calls[name]
        request = call.load(payload)
        with self.database.transaction() as session:
            return call.dump(use_case(session, actor=actor, now=self.clock.now(), **request, **given))

    def run_in_steps(
        self, name: str, use_case: Callable[..., Any], actor: Actor, payload: Payload, **given: Any
    ) -> Payload:
        """The same for a use case that opens its own transactions, and hashes, asks or waits between them: it gets
        the database in place of a session."""
        call = self.calls[name]
        request = call.load(payload)
        return call.dump(use_case(self.database, actor=actor, now=self.clock.now(), **request, **given))


@contextmanager
def in_thread_pool() -> Iterator[Any]:
    """`with in_thread_pool() as run: run(function, *arguments)`: CPU work off eventlet's hub (argon2, RSA, XLSX)."""
    from eventlet import tpool

    tpool.set_num_threads(NATIVE_THREADS)
    yield tpool.execute


__all__ = [
    "Clock",
    "Database",
    "Entrypoints",
    "ErasureKeys",
    "Health",
    "OutboxRelay",
    "Payload",
    "Services",
    "Session",
    "event_handler",
    "in_thread_pool",
    "rpc",
]
