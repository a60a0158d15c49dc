"""The processes of the system: started, waited for, and asked how they are."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import procfile
import psutil
import supervision
from environment import Environment, is_free
from listening import Machine
from procfile import Process
from progress import Trouble, step, tail

READY_SECONDS = 600  # a busy machine needs minutes for thirty interpreters; who dies is told at once
# A process may die once because a neighbour is not there yet; one that dies again stays so.
MOST_DEATHS = 1
ANOTHERS = "another program's port"
# Over how long `make status` looks at the use of the processor.
CPU_OVER_SECONDS = 1.0
CONFIGURATION_INCOMPLETE = 2  # the exit code of a process that lacks a setting: another start changes nothing


@dataclass(frozen=True)
class Status:
    """How one process is."""

    name: str
    state: str
    pid: int
    ready: str
    megabytes: int
    seconds: int
    cpu_percent: float


def start(environ: Environment) -> None:
    """Start what does not run yet and wait until every process is ready."""
    processes = procfile.present(procfile.read_procfile(environ))
    if supervision.control() is None:
        supervision.end_leftovers()
        check_ports(environ, processes)
        supervision.launch(environ, processes)
    else:
        for process in processes:
            supervision.ensure_running(process.name)
    with step(f"waiting for {len(processes)} processes to be ready"):
        wait_until_ready(processes)


def check_ports(environ: Environment, processes: list[Process]) -> None:
    """Say at once which port is another program's, instead of fifteen failing processes."""
    names = [
        "WICI_GATEWAY_PORT",
        "WICI_SMPP_PORT",
        *re.findall(r"\$(WICI_[A-Z_]*PORT)\b", procfile.PROCFILE.read_text()),
    ]
    taken = [f"{key}={environ[key]}" for key in names if not is_free(int(environ[key]))]
    taken += [f"{process.name}'s health port {process.health_port} (WICI_HEALTH_PORT_BASE)"
              for process in processes if not is_free(process.health_port)]  # fmt: skip
    if taken:
        raise ports_taken(taken)


def ports_taken(names: list[str]) -> Trouble:
    return Trouble(
        f"Another program listens on: {', '.join(names)}.\n"
        "Set other ports in .env or in the environment; WICI_PORT_OFFSET=1000 moves all of them."
    )


class Deaths:
    """How often each process has died while it was waited for: a new number each time that it is started again."""

    def __init__(self) -> None:
        self._pids: dict[str, set[int]] = defaultdict(set)

    def is_lost(self, known: dict[str, Any]) -> bool:
        """Whether supervisord's answer on a process leaves no hope for it."""
        pids, pid = self._pids[known["name"]], int(known["pid"] or 0)
        if pid:
            pids.add(pid)
        deaths = len(pids) - bool(pid)
        exited_with = known["exitstatus"] if deaths else 0
        return known["statename"] == "FATAL" or deaths > MOST_DEATHS or exited_with == CONFIGURATION_INCOMPLETE


def wait_until_ready(processes: list[Process]) -> None:
    """:raises Trouble: one does not become ready, keeps dying, or another program answers in its place."""
    until, deaths, waiting = time.monotonic() + READY_SECONDS, Deaths(), list(processes)
    while True:
        known = supervision.known()
        machine = Machine()
        waiting = [process for process in waiting if readiness(process, pid_of(process, known), machine) != "ready"]
        if not waiting:
            return
        lost = [process for process in waiting if process.name in known and deaths.is_lost(known[process.name])]
        if lost or time.monotonic() > until:
            raise not_ready(lost or waiting, known)
        time.sleep(0.3)


def not_ready(processes: list[Process], known: dict[str, Any]) -> Trouble:
    machine = Machine()
    taken = [process for process in processes if readiness(process, pid_of(process, known), machine) == ANOTHERS]
    if taken:
        return ports_taken([f"{process.name}'s port {process.port}" for process in taken])
    said = "\n".join(f"{process.name} is not ready:\n{tail(process.log, 8)}" for process in processes)
    hint = f"make status, make logs P={processes[0].name}, make down"
    return Trouble(f"{said}\nThe others go on: {hint}.")


def pid_of(process: Process, known: dict[str, Any]) -> int:
    return int(known.get(process.name, {}).get("pid") or 0)


def readiness(process: Process, pid: int, machine: Machine) -> str:
    """`ready`, or what /readyz names as missing, or `no answer`; only what the process itself says counts."""
    if not machine.listens(pid, process.port):
        return "no answer" if is_free(process.port) else ANOTHERS
    try:
        with urllib.request.urlopen(process.health_url, timeout=3) as answer:
            answer.read()
        return "ready"
    except urllib.error.HTTPError as error:
        failing = re.findall(rb'"(\w+)":\s*"(?!ok")\w+"', error.read())
        return f"not ready: {b', '.join(failing).decode()}" if failing else f"not ready ({error.code})"
    except (OSError, http.client.HTTPException):
        return "no answer"


def statuses(environ: Environment) -> list[Status]:
    """How every process of the Procfile is."""
    known = supervision.known()
    processes = procfile.read_procfile(environ)
    machine = Machine()
    before = {process.name: cpu_seconds(pid_of(process, known), machine) for process in processes}
    time.sleep(CPU_OVER_SECONDS)
    return [status(process, known.get(process.name, {}), before[process.name], machine) for process in processes]


def status(process: Process, known: dict[str, Any], cpu_before: float, machine: Machine) -> Status:
    pid = int(known.get("pid") or 0)
    running = known.get("statename") == "RUNNING"
    spent = max(0.0, cpu_seconds(pid, machine) - cpu_before)
    return Status(
        name=process.name,
        state=str(known.get("statename", "absent")).lower(),
        pid=pid,
        ready=readiness(process, pid, machine) if running else "-",
        megabytes=memory(machine.family(pid)) // 2**20,
        seconds=int(known["now"] - known["start"]) if running else 0,
        cpu_percent=100 * spent / CPU_OVER_SECONDS,
    )


def cpu_seconds(pid: int, machine: Machine) -> float:
    """Processor time of a process and its children so far."""
    total = 0.0
    for process in machine.family(pid):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def memory(processes: Iterable[psutil.Process]) -> int:
    """Bytes of these processes; shared pages count once where that is known, and who has ended has none."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            full = process.memory_full_info()
            total += getattr(full, "pss", full.rss)
    return total
