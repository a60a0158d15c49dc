"""The processes of the system: started, waited for, and asked how they are."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import procfile
import psutil
import supervision
from environment import Environment, is_free
from procfile import Process
from progress import Trouble, step, tail

READY_SECONDS = 180  # a busy machine with two cores needs over a minute for fourteen interpreters
OFTEN = 25


@dataclass(frozen=True)
class Status:
    """How one process is."""

    name: str
    state: str
    pid: int
    ready: str
    megabytes: int
    seconds: int


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
    names = ["WICI_GATEWAY_PORT", *re.findall(r"\$(WICI_[A-Z_]*PORT)\b", procfile.PROCFILE.read_text())]
    taken = [f"{key}={environ[key]}" for key in names if not is_free(int(environ[key]))]
    taken += [f"{process.name}'s health port {process.health_port} (WICI_HEALTH_PORT_BASE)"
              for process in processes if not is_free(process.health_port)]  # fmt: skip
    if taken:
        raise Trouble(
            f"Another program listens on: {', '.join(taken)}.\n"
            "Set other ports in .env or in the environment; WICI_PORT_OFFSET=1000 moves all of them."
        )


def wait_until_ready(processes: list[Process]) -> None:
    until = time.monotonic() + READY_SECONDS
    waiting, seen_dead = list(processes), dict.fromkeys((process.name for process in processes), 0)
    while True:
        waiting = [process for process in waiting if not is_ready(process)]
        if not waiting:
            return
        for process in waiting:
            seen_dead[process.name] += supervision.state_of(process.name) in ("BACKOFF", "FATAL")
        # A process may die once because a neighbour is not there yet; one that is found dead again and again stays so.
        lost = [process for process in waiting if seen_dead[process.name] > OFTEN]
        if lost or time.monotonic() > until:
            said = "\n".join(f"{process.name} is not ready:\n{tail(process.log, 8)}" for process in lost or waiting)
            hint = f"make status, make logs P={(lost or waiting)[0].name}, make down"
            raise Trouble(f"{said}\nThe others go on: {hint}.")
        time.sleep(0.3)


def is_ready(process: Process) -> bool:
    return readiness(process) == "ready"


def readiness(process: Process) -> str:
    """`ready`, or what /readyz names as missing, or `no answer`."""
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
    server = supervision.control()
    known = {info["name"]: info for info in server.supervisor.getAllProcessInfo()} if server else {}
    return [status(process, known.get(process.name, {})) for process in procfile.read_procfile(environ)]


def status(process: Process, known: dict[str, Any]) -> Status:
    pid = int(known.get("pid") or 0)
    running = known.get("statename") == "RUNNING"
    return Status(
        name=process.name,
        state=str(known.get("statename", "absent")).lower(),
        pid=pid,
        ready=readiness(process) if running else "-",
        megabytes=memory(pid) // 2**20 if pid else 0,
        seconds=int(known["now"] - known["start"]) if running else 0,
    )


def memory(pid: int) -> int:
    """Bytes of a process and its children; shared pages count once where that is known."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            full = process.memory_full_info()
            total += getattr(full, "pss", full.rss)
    except psutil.Error:
        return total
    return total
