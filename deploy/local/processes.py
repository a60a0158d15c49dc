"""The processes of the Procfile under supervisord: started, restarted after a crash, ended, and asked how they are."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
import xmlrpc.client
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
from environment import Environment, is_free
from places import LOGS, PYTHON, ROOT, RUN
from progress import Trouble, say, step, tail
from rabbitmq import end, marked
from supervisor.xmlrpc import SupervisorTransport

PROCFILE = ROOT / "Procfile"
CONFIG = RUN / "supervisord.conf"
PID_FILE = RUN / "supervisord.pid"
# In the environment of supervisord and all that it starts, so that leftovers of a killed run are recognised.
MARK = "WICI_SUPERVISED_IN"
READY_SECONDS = 90
OFTEN = 25
STOP_SECONDS = 25
# A Unix socket's path may have 107 characters; a checkout may lie deeper.
LONGEST_SOCKET_PATH = 100


# Who serves its health on a port that it has anyway; all others on the HEALTH_PORT that they are given.
OWN_HEALTH = {
    "api_gateway": ("WICI_GATEWAY_PORT", "/readyz"),
    "simulator.smsc": ("WICI_SMSC_HTTP_PORT", "/"),
    "simulator.mailbox": ("WICI_MAILBOX_HTTP_PORT", "/"),
}


@dataclass(frozen=True)
class Process:
    """One line of the Procfile."""

    name: str
    command: str
    health_port: int
    health_url: str

    @property
    def package(self) -> str:
        """`sms_gateway.connector` belongs to the package sms_gateway; what is simulated, to the simulators."""
        first = self.name.partition(".")[0]
        return "wici_simulators" if first == "simulator" else first

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"


@dataclass(frozen=True)
class Status:
    """How one process is."""

    name: str
    state: str
    pid: int
    ready: str
    megabytes: int
    seconds: int


def read_procfile(environ: Environment) -> list[Process]:
    """Every process with its health port, in the file's order."""
    first = int(environ["WICI_HEALTH_PORT_BASE"])
    lines = [line for line in PROCFILE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    found = []
    for index, line in enumerate(lines):
        name, command = (part.strip() for part in line.split(":", 1))
        key, path = OWN_HEALTH.get(name, ("", "/readyz"))
        url = f"http://127.0.0.1:{environ[key] if key else first + index}{path}"
        found.append(Process(name, command, first + index, url))
    return found


def present(processes: list[Process]) -> list[Process]:
    """Those whose package is in this checkout; says which are not."""
    found = [process for process in processes if find_spec(process.package) is not None]
    for process in processes:
        if process not in found:
            say(f"  ! {process.name} is left out: its package {process.package} is not in this checkout")
    return found


def start(environ: Environment) -> None:
    """Start what does not run yet and wait until every process is ready."""
    processes = present(read_procfile(environ))
    if control() is None:
        end_leftovers()
        check_ports(environ, processes)
        launch(environ, processes)
    else:
        for process in processes:
            ensure_running(process.name)
    with step(f"waiting for {len(processes)} processes to be ready"):
        wait_until_ready(processes)


def ensure_running(name: str) -> None:
    """Start a process that was stopped or that gave up."""
    server = control()
    try:
        server.supervisor.startProcess(name, False)
    except xmlrpc.client.Fault as fault:
        if "ALREADY_STARTED" not in fault.faultString:
            raise Trouble(f"{name} cannot be started: {fault.faultString}. make down, then make up.") from fault


def check_ports(environ: Environment, processes: list[Process]) -> None:
    """Say at once which port is another program's, instead of fifteen failing processes."""
    names = ["WICI_GATEWAY_PORT", *re.findall(r"\$(WICI_[A-Z_]*PORT)\b", PROCFILE.read_text())]
    taken = [f"{key}={environ[key]}" for key in names if not is_free(int(environ[key]))]
    taken += [f"{process.name}'s health port {process.health_port} (WICI_HEALTH_PORT_BASE)"
              for process in processes if not is_free(process.health_port)]  # fmt: skip
    if taken:
        raise Trouble(
            f"Another program listens on: {', '.join(taken)}.\n"
            "Set other ports in .env or in the environment; WICI_PORT_OFFSET=1000 moves all of them."
        )


def launch(environ: Environment, processes: list[Process]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text(configuration(environ, processes))
    socket_path().unlink(missing_ok=True)
    with (LOGS / "supervisord.out").open("ab") as output:
        subprocess.run(
            [PYTHON, "-m", "supervisor.supervisord", "-c", CONFIG],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env={**environ, MARK: str(RUN)},
            check=False,
        )
    until = time.monotonic() + 15
    while control() is None:
        if time.monotonic() > until:
            raise Trouble(f"The process manager did not start:\n{tail(LOGS / 'supervisord.out')}")
        time.sleep(0.1)


def configuration(environ: Environment, processes: list[Process]) -> str:
    """supervisord's configuration; the environment itself is inherited and stands in no file."""
    sections = [
        "; made from the Procfile by deploy/local/processes.py",
        f"[unix_http_server]\nfile={socket_path()}\nchmod=0700",
        f"[supervisorctl]\nserverurl=unix://{socket_path()}",
        f"[supervisord]\npidfile={PID_FILE}\nlogfile={LOGS}/supervisord.log\nlogfile_maxbytes=5MB\nlogfile_backups=1\n"
        f"minfds=4096\nsilent=true\nstrip_ansi=true\nchildlogdir={LOGS}",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    return "\n\n".join([*sections, *(program(environ, process) for process in processes)]) + "\n"


def program(environ: Environment, process: Process) -> str:
    command = re.sub(r"\$\{?(\w+)\}?", lambda match: environ.get(match[1], ""), process.command)
    return "\n".join(
        [
            f"[program:{process.name}]",
            f"command={command.replace('%', '%%')}",
            f"directory={ROOT}",
            f'environment=HEALTH_PORT="{process.health_port}",WICI_PROCESS="{process.name}"',
            "autorestart=true",
            "startsecs=2",
            "startretries=30",
            "stopsignal=TERM",
            f"stopwaitsecs={STOP_SECONDS - 5}",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={process.log}",
            "stdout_logfile_maxbytes=20MB",
            "stdout_logfile_backups=2",
        ]
    )


def wait_until_ready(processes: list[Process]) -> None:
    until = time.monotonic() + READY_SECONDS
    waiting, seen_dead = list(processes), dict.fromkeys((process.name for process in processes), 0)
    while True:
        waiting = [process for process in waiting if not is_ready(process)]
        if not waiting:
            return
        for process in waiting:
            seen_dead[process.name] += state_of(process.name) in ("BACKOFF", "FATAL")
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
    server = control()
    known = {info["name"]: info for info in server.supervisor.getAllProcessInfo()} if server else {}
    return [status(process, known.get(process.name, {})) for process in read_procfile(environ)]


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
    """Resident bytes of a process and its children (gunicorn's workers)."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            total += process.memory_info().rss
    except psutil.Error:
        return total
    return total


def state_of(name: str) -> str:
    server = control()
    return str(server.supervisor.getProcessInfo(name)["statename"]) if server else "absent"


def control() -> Any:
    """supervisord's XML-RPC, or None when it does not run."""
    server = xmlrpc.client.ServerProxy("http://127.0.0.1", SupervisorTransport(serverurl=f"unix://{socket_path()}"))
    try:
        server.supervisor.getState()
    except (OSError, http.client.HTTPException):
        return None
    except xmlrpc.client.Fault:
        pass  # it is shutting down, and says so; it still runs
    return server


def socket_path() -> Path:
    path = RUN / "supervisor.sock"
    if len(str(path)) <= LONGEST_SOCKET_PATH:
        return path
    # Relative to the checkout, which is where every command here runs.
    return Path(os.path.relpath(path, ROOT))


def stop() -> bool:
    """End supervisord and every process of it, also those that a killed supervisord left behind."""
    server = control()
    if server is not None:
        with suppress(xmlrpc.client.Fault):  # a shutdown is under way already
            server.supervisor.shutdown()
        until = time.monotonic() + STOP_SECONDS
        while control() is not None and time.monotonic() < until:
            time.sleep(0.1)
    return end_leftovers() or server is not None


def end_leftovers() -> bool:
    """End what carries our mark: supervisord first, for it would start the others again."""
    found = list(marked(MARK, str(RUN)))
    if not found:
        return False
    managers = [process for process in found if "supervisor.supervisord" in " ".join(process.cmdline())]
    end(managers, STOP_SECONDS)
    end(list(marked(MARK, str(RUN))), STOP_SECONDS)
    return True
