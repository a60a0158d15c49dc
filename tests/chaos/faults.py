"""What is done to a running system: processes, RabbitMQ and PostgreSQL are killed, frozen, cut off, blocked.

Each fault leaves the system as it found it: what it froze goes on, what it killed is started again (`recover`).
"""

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from whole_system import System

# A watermark of memory below what the node takes: an alarm, and it reads nothing of anybody who publishes.
ALARM, NO_ALARM = "0.00000001", "0.6"
RECOVER_SECONDS = 120


@dataclass
class Faults:
    """:param victims: processes of the Procfile that may be killed and frozen; simulators are the truth, and stay."""

    system: System
    victims: list[str]
    chance: random.Random
    seconds: tuple[float, float] = (3.0, 12.0)
    done: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def one(self) -> str:
        """Do one of them, by chance; returns what it was."""
        kinds: list[tuple[Callable[[], str], int]] = [
            (self.kill, 6), (self.freeze, 4), (self.terminate, 2), (self.kill_broker, 1), (self.kill_database, 1),
            (self.freeze_broker, 1), (self.freeze_database, 1), (self.cut_off_broker, 2), (self.cut_off_database, 2),
            (self.block_broker, 2),
        ]  # fmt: skip
        kind = self.chance.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        return self.do(kind)

    def do(self, kind: Callable[[], str]) -> str:
        what = kind()
        self.done[kind.__name__] += 1
        self.log.append(f"{time.monotonic() - self.began:7.1f} s  {what}")
        return what

    # --- processes

    def kill(self) -> str:
        """kill -9 of a process and all that it started; the process manager starts it again."""
        name = self.chance.choice(self.victims)
        _signal(family(self.system, name), signal.SIGKILL)
        return f"kill -9 of {name}"

    def terminate(self) -> str:
        """As a roll-out does it: finish or give back."""
        name = self.chance.choice(self.victims)
        _signal(family(self.system, name)[-1:], signal.SIGTERM)
        return f"SIGTERM to {name}"

    def freeze(self) -> str:
        """It neither works nor ends: longer than its leases, and then it goes on as if nothing had been."""
        name = self.chance.choice(self.victims)
        return f"{name} frozen for {self._frozen(family(self.system, name)):.0f} s"

    # --- RabbitMQ

    def kill_broker(self) -> str:
        _signal(_broker(self.system), signal.SIGKILL)
        self.recover()
        return "kill -9 of RabbitMQ"

    def freeze_broker(self) -> str:
        return f"RabbitMQ frozen for {self._frozen(_broker(self.system)):.0f} s"

    def cut_off_broker(self) -> str:
        self._control("close_all_connections", "chaos")
        return "every connection to RabbitMQ cut"

    def block_broker(self) -> str:
        """An alarm of memory: the broker reads nothing of who publishes."""
        self._control("set_vm_memory_high_watermark", ALARM)
        seconds = self._wait()
        self._control("set_vm_memory_high_watermark", NO_ALARM)
        return f"RabbitMQ blocked by an alarm for {seconds:.0f} s"

    # --- PostgreSQL

    def kill_database(self) -> str:
        _signal(_postgres(self.system), signal.SIGKILL)
        self.recover()
        return "kill -9 of PostgreSQL"

    def freeze_database(self) -> str:
        return f"PostgreSQL frozen for {self._frozen(_postgres(self.system)):.0f} s"

    def cut_off_database(self) -> str:
        with psycopg.connect(self.system.running()["WICI_ADMIN_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname LIKE 'wici%' AND pid <> pg_backend_pid()"
            )
        return "every connection to PostgreSQL cut"

    # --- and after

    def recover(self) -> None:
        """What was killed runs again: `make up`, as an operator would."""
        until = time.monotonic() + RECOVER_SECONDS
        while True:
            if "API " in self.system.command("up", may_fail=True):
                return
            if time.monotonic() > until:
                raise RuntimeError(
                    f"the system does not come up again:\n{self.system.command('status', may_fail=True)}"
                )
            time.sleep(1)  # a process that was killed a moment ago is on its way

    def _frozen(self, processes: list[psutil.Process]) -> float:
        _signal(processes, signal.SIGSTOP)
        try:
            return self._wait()
        finally:
            _signal(processes, signal.SIGCONT)

    def _wait(self) -> float:
        seconds = self.chance.uniform(*self.seconds)
        time.sleep(seconds)  # the fault's length is its subject
        return seconds

    def _control(self, *arguments: str) -> None:
        command = [self.system.running()["WICI_TEST_RABBITMQCTL"], "--silent", *arguments]
        subprocess.run(command, capture_output=True, check=True, timeout=60)


def family(system: System, name: str) -> list[psutil.Process]:
    """Its children first; empty where it is not there at the moment."""
    for process in _marked("WICI_SUPERVISED_IN", system):
        with suppress(psutil.Error):
            parent = process.parent()
            if process.environ().get("WICI_PROCESS") == name and (
                parent is None or parent.environ().get("WICI_PROCESS") != name
            ):
                return [*process.children(recursive=True), process]
    return []


def _broker(system: System) -> list[psutil.Process]:
    return [process for process in _marked("WICI_BROKER_HOME", system) if process.name().startswith("beam")]


def _postgres(system: System) -> list[psutil.Process]:
    """The postmaster and its backends."""
    pid_file = Path(system.environ["WICI_RUN"]) / "postgres/cluster/postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
    return [*postmaster.children(recursive=True), postmaster]


def _marked(key: str, system: System) -> Iterable[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(key, "").startswith(system.environ["WICI_RUN"]):
                yield process


def _signal(processes: Iterable[psutil.Process], number: Any) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
