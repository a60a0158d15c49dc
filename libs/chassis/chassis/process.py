"""How a process that is not a Nameko service boots, works in the background, and ends.

    def main(process: Process[DispatcherConfig]) -> None:
        process.every(3600, lambda: tidy(process.database), "housekeeping")
        Dispatcher(process.config, process.database, process.broker).run(process.stop)

    if __name__ == "__main__":
        boot(main, DispatcherConfig, service="campaigns", name="dispatcher", pool_size=POOL_SIZE)

`boot` brings up, in this order: logs, configuration, signals, health, database, broker. It takes them down in the
reverse order when `main` has returned.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from chassis import logs, revisions, spans
from chassis.backlogs import Backlogs
from chassis.broker import Broker
from chassis.config import ConfigError, load
from chassis.database import Database, ensure_settings, make_engine
from chassis.health import Check, HealthServer, Progress
from chassis.outbox import Relay

SHUTDOWN_SECONDS = 10.0
# A step may take minutes (an index of a partition, files that are let go); one that takes longer waits for nothing.
HANGING_SECONDS = 900.0

log = logs.get_logger()


class ProcessConfig(Protocol):
    """What the configuration of every process holds."""

    @property
    def database_url(self) -> str: ...

    @property
    def amqp_url(self) -> str: ...

    @property
    def health_port(self) -> int: ...


C = TypeVar("C", bound=ProcessConfig)


class Process(Generic[C]):
    """What `main` is given: configuration, database, broker, and a place for work in the background.

    :param stop: set when the process is told to end; `main` then finishes its work or gives it back, and returns.
    """

    def __init__(
        self,
        config: C,
        stop: threading.Event,
        *,
        service: str,
        name: str,
        pool_size: int,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self.stop = stop
        self.full_name = f"{service}.{name}"
        self.checks: dict[str, Check] = {}
        self.has_failed = False
        self._settings = settings
        self._main_has_returned = threading.Event()
        self._background: list[threading.Thread] = []
        self.database = self.open_database(pool_size=pool_size)
        self.backlogs = Backlogs(self.database.engine)
        self.broker = Broker(config.amqp_url, self.full_name)
        self.checks |= {
            "broker": self.broker.ping,
            "database": self.database.ping,
            "migrations": revisions.readiness(service, self.database.engine),
        }
        self._health = HealthServer(config.health_port, self.checks)

    def open_database(self, *, pool_size: int) -> Database:
        """The service's database through a pool of its own, with the process's settings in force."""
        engine = make_engine(
            self.config.database_url, pool_size=pool_size, application_name=self.full_name, settings=self._settings
        )
        if self._settings:
            ensure_settings(engine, self._settings)
        return Database(engine)

    def background(self, work: Callable[[threading.Event], None], name: str) -> None:
        """Run `work(stop)` on a thread until `main` has returned: what `main` does last still finds it at work.

        A thread that raises ends the process, with exit code 1.
        """

        def guarded() -> None:
            try:
                work(self._main_has_returned)
            except Exception:
                log.exception("background_failed", thread=name)
                self.fail()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._background.append(thread)
        thread.start()

    def every(self, seconds: float, step: Callable[[], Any], name: str) -> None:
        """Run `step` in the background, now and then every `seconds`: see `every`.

        One that fails is tried again; one that neither ends nor fails makes the process not ready.
        """
        progress = Progress(HANGING_SECONDS)
        self.checks[f"every.{name}"] = progress.check

        def watched() -> None:
            progress.waits()
            try:
                step()
            finally:
                progress.moved()

        self.background(lambda stop: every(seconds, watched, stop, name=name), name)

    def relay_outbox(self) -> Relay:
        """Relay the service's outbox in the background."""
        relay = Relay(self.database, self.broker)
        self.checks["outbox"] = relay.check
        self.background(relay.run, "outbox-relay")
        return relay

    def fail(self) -> None:
        """End the process: a part of it failed in a way that only a new process mends."""
        self.has_failed = True
        self.stop.set()

    def close(self) -> None:
        """Take down what `boot` has brought up."""
        self.stop.set()
        self._main_has_returned.set()
        for thread in self._background:
            thread.join(SHUTDOWN_SECONDS)
        self.broker.close()
        self._health.close()
        self.backlogs.close()
        self.database.dispose()


def every(seconds: float, step: Callable[[], Any], stop: threading.Event, *, name: str) -> None:
    """Run `step` now and then every `seconds` until `stop`; a failure is logged, and its next turn tries again."""
    while True:
        try:
            step()
        except Exception as error:
            log.warning("step_failed", step=name, error=error)
        if stop.wait(seconds):
            return


def boot(
    main: Callable[[Process[C]], None],
    config_class: type[C],
    *,
    service: str,
    name: str,
    pool_size: int = 5,
    settings: Mapping[str, str] | None = None,
) -> None:
    """Run `main(process)` until it returns; SIGTERM and SIGINT set `process.stop`.

    :param pool_size: connections of `process.database`.
    :param settings: PostgreSQL's, which must be in force on each of them.

    Exits with 0 after a clean stop, 2 for incomplete configuration, 1 for anything else.
    """
    logs.configure(service, name)
    spans.configure(service, name)
    stop = threading.Event()

    def on_signal(_number: int, _frame: Any) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    log.info("process_started")
    try:
        options = {"service": service, "name": name, "pool_size": pool_size, "settings": settings}
        has_failed = _boot(main, load(config_class, os.environ), stop, **options)
    except ConfigError as error:
        log.error("configuration_incomplete", error=error)
        sys.exit(2)
    except Exception:
        log.exception("process_failed")
        sys.exit(1)
    finally:
        spans.flush()
    log.info("process_stopped")
    if has_failed:
        sys.exit(1)


def _boot(main: Callable[[Process[C]], None], config: C, stop: threading.Event, **options: Any) -> bool:
    process = Process(config, stop, **options)
    try:
        process.broker.start()
        main(process)
    finally:
        process.close()
    return process.has_failed
