"""A whole system for tests: own servers, ports and folder, every process of the Procfile, and a way to kill them."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCAL = ROOT / "deploy/local"
sys.path.insert(0, str(LOCAL))
from journey import Journey  # noqa: E402

NAMES = ("e2e", "abuse", "sweep", "chaos")  # of the systems that run side by side
STEP, SHIFT = 510, 102  # no port of one is ever a port of another: test_whole_systems.py
SERVERS = ("AMQP_URL", "DATABASE_URL", "WICI_ADMIN_DATABASE_URL")
# Of a thousand addresses so many bounce or ask to come back later, chosen by a hash: what a test makes up falls among
# them now and then. So all are at home, but where a test wants it otherwise.
ALL_AT_HOME = {"hard": 0, "soft": 0, "spam": 0, "defer": 0}
SOME_BOUNCE = {"hard": 20, "soft": 10, "spam": 5, "defer": 30}


@pytest.fixture(scope="session")
def environ(system: "System") -> dict[str, str]:
    return system.running()


@pytest.fixture
def journey(environ: dict[str, str]) -> "Journey":
    """A new account with a plan, senders and the simulators connected."""
    made = Journey(environ)
    made.prepare()
    return made


def ports_of_a_system() -> list[int]:
    from environment import PORTS

    health = PORTS["WICI_HEALTH_PORT_BASE"]
    return [*PORTS.values(), *range(health, health + 30)]


def free_offset(name: str) -> int:
    """An offset at which every port is free, below the range that outgoing connections take theirs from (32,768 on),
    and none is one that other tests may be given meanwhile.

    Those that start side by side look at offsets of their own: what is free to both would be taken by both.
    """
    from environment import is_free

    from chassis.testing import PORTS as OF_TESTS

    wanted = ports_of_a_system()
    place = NAMES.index(name) if name in NAMES else 0  # others run alone
    offsets = range(2_000 + place * SHIFT, 32_700 - max(wanted), STEP)
    for offset in random.sample(offsets, len(offsets)):
        if all(port + offset not in OF_TESTS and is_free(port + offset) for port in wanted):
            return offset
    raise RuntimeError("no free ports")


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what the system around the tests is set by: its servers, its ports, and every process' own settings."""
    from places import SERVICES

    prefixes = ("WICI_", "GATEWAY_", *(f"{name.partition('_')[0].upper()}_" for name in SERVICES))
    return {
        name: value
        for name, value in environ.items()
        if name not in SERVERS
        and not name.endswith(("_DATABASE_URL", "_AMQP_URL", "_PASSWORD"))
        and not name.startswith(prefixes)
    }


class System:
    """The running system, and a way to kill its parts."""

    def __init__(self, run: Path, settings: Mapping[str, str]) -> None:
        self.environ = without_settings(os.environ)
        self.environ |= {"WICI_RUN": str(run), "WICI_PORT_OFFSET": str(free_offset(run.name))}
        self.environ |= settings

    def command(self, *arguments: str, may_fail: bool = False) -> str:
        ran = subprocess.run(
            [sys.executable, str(LOCAL / "system.py"), *arguments],
            env=self.environ, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if ran.returncode and not may_fail:
            pytest.fail(f"{' '.join(arguments)} failed:\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}")
        return ran.stdout

    def running(self) -> dict[str, str]:
        """The environment of the running system's processes."""
        import environment

        return {**self.environ, **environment.read(Path(self.environ["WICI_RUN"]) / "env")}

    def pids(self) -> dict[str, int]:
        """Pid by process name, from `make status`, which says so by its exit code while one of them is not ready."""
        found = {}
        for line in self.command("status", may_fail=True).splitlines():
            words = line.split()
            if len(words) > 2 and words[2].isdigit():
                found[words[0]] = int(words[2])
        return found

    def kill(self, process: str) -> None:
        """kill -9 of one process and all that it started; the process manager starts it again."""
        pid = self.pids()[process]
        import psutil

        for victim in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
            victim.send_signal(signal.SIGKILL)

    def wait_restarted(self, process: str, *, not_pid: int, seconds: float = 30) -> None:
        from chassis.testing import wait_until

        started = f"another start of {process}"
        wait_until(lambda: self.pids().get(process, not_pid) != not_pid, timeout=seconds, what=started)


def mailboxes(environ: Mapping[str, str], settings: Mapping[str, int]) -> None:
    """Say how the simulated mailboxes answer from now on."""
    Journey(environ).simulators.mailbox.post("/settings", dict(settings))


@contextmanager
def running_system(name: str, settings: Mapping[str, str]) -> Iterator[System]:
    """A system in `.run/<name>`, started with these settings and ended afterwards; one left over is ended first."""
    run = ROOT / ".run" / name
    started = System(run, settings)
    if run.exists():
        started.command("down")
        shutil.rmtree(run)
    try:
        started.command("up")
        mailboxes(started.running(), ALL_AT_HOME)
        yield started
    finally:
        started.command("down")
