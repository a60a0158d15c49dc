"""supervisord: made from the Procfile, started, spoken to, ended; with all that a killed one left behind."""

from __future__ import annotations

import hashlib
import http.client
import re
import subprocess
import tempfile
import time
import xmlrpc.client
from contextlib import suppress
from pathlib import Path
from typing import Any

import needs
import psutil
from environment import Environment, write_private
from places import LOGS, PYTHON, ROOT, RUN
from procfile import Process
from progress import Trouble, tail
from rabbitmq import end, marked
from supervisor.xmlrpc import SupervisorTransport

CONFIG = RUN / "supervisord.conf"
PID_FILE = RUN / "supervisord.pid"
# In the environment of supervisord and all that it starts, so that leftovers of a killed run are recognised.
MARK = "WICI_SUPERVISED_IN"
START_SECONDS = 15
STOP_SECONDS = 25
# A Unix socket's path may have 107 characters; a checkout may lie deeper.
LONGEST_SOCKET_PATH = 100


def launch(environ: Environment, processes: list[Process]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    write_private(CONFIG, configuration(environ, processes))
    socket_path().unlink(missing_ok=True)
    with (LOGS / "supervisord.out").open("ab") as output:
        subprocess.run(
            [PYTHON, "-m", "supervisor.supervisord", "-c", CONFIG],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env={**needs.common(environ), MARK: str(RUN)},
            check=False,
        )
    until = time.monotonic() + START_SECONDS
    while control() is None:
        if time.monotonic() > until:
            raise Trouble(f"The process manager did not start:\n{tail(LOGS / 'supervisord.out')}")
        time.sleep(0.1)


def configuration(environ: Environment, processes: list[Process]) -> str:
    """supervisord's configuration. What every process may know is inherited; its own secrets stand with it."""
    sections = [
        "; made from the Procfile by deploy/local/supervision.py",
        f"[unix_http_server]\nfile={socket_path()}\nchmod=0700",
        f"[supervisorctl]\nserverurl=unix://{socket_path()}",
        f"[supervisord]\npidfile={PID_FILE}\nlogfile={LOGS}/supervisord.log\nlogfile_maxbytes=5MB\nlogfile_backups=1\n"
        f"minfds=4096\numask=077\nsilent=true\nstrip_ansi=true\nchildlogdir={LOGS}",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    return "\n\n".join([*sections, *(program(environ, process) for process in processes)]) + "\n"


def program(environ: Environment, process: Process) -> str:
    command = re.sub(r"\$\{?(\w+)\}?", lambda match: environ.get(match[1], ""), process.command)
    if megabytes := int(environ.get("WICI_PROCESS_MEMORY_MB") or 0):
        # RLIMIT_DATA: what a process writes to; it is inherited, so each process that it starts has as much.
        command = f'/bin/sh -c "ulimit -d {megabytes * 1024}; exec {command}"'
    own = {
        "HEALTH_PORT": str(process.health_port),
        "WICI_PROCESS": process.name,
        **needs.of(process.package, environ),
    }
    return "\n".join(
        [
            f"[program:{process.name}]",
            f"command={command.replace('%', '%%')}",
            f"directory={ROOT}",
            f"environment={','.join(f'{name}={quoted(value)}' for name, value in own.items())}",
            "autorestart=true",
            "startsecs=2",
            "startretries=30",
            "stopsignal=TERM",
            f"stopwaitsecs={int(environ.get('WICI_STOP_SECONDS') or STOP_SECONDS - 5)}",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={process.log}",
            f"stdout_logfile_maxbytes={int(environ.get('WICI_LOG_MEGABYTES') or 20)}MB",
            f"stdout_logfile_backups={int(environ.get('WICI_LOG_FILES') or 3) - 1}",
        ]
    )


def quoted(value: str) -> str:
    """A value as supervisord reads it: in quotes that are not in there, and with its own sign of expansion twice."""
    mark = "'" if '"' in value else '"'
    return f"{mark}{value.replace('%', '%%')}{mark}"


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


def known() -> dict[str, Any]:
    """What supervisord knows of each process, by name; empty when it does not run."""
    server = control()
    return {info["name"]: info for info in server.supervisor.getAllProcessInfo()} if server else {}


def ensure_running(name: str) -> None:
    """Start a process that was stopped or that gave up."""
    server = control()
    try:
        server.supervisor.startProcess(name, False)
    except xmlrpc.client.Fault as fault:
        if "ALREADY_STARTED" not in fault.faultString:
            raise Trouble(f"{name} cannot be started: {fault.faultString}. make down, then make up.") from fault


def socket_path() -> Path:
    path = RUN / "supervisor.sock"
    if len(str(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"wici-{name}.sock"


def stop() -> bool:
    """End supervisord and every process of it, also those that a killed supervisord left behind."""
    server = control()
    if server is not None:
        with suppress(xmlrpc.client.Fault):  # a shutdown is under way already
            server.supervisor.stopAllProcesses()  # side by side; a shutdown alone ends one after another
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
    managers = [process for process in found if "supervisor.supervisord" in " ".join(command_of(process))]
    end(managers, STOP_SECONDS)
    end(list(marked(MARK, str(RUN))), STOP_SECONDS)
    return True


def command_of(process: psutil.Process) -> list[str]:
    """Its command line; empty for one that has just ended."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # a zombie too
        return []
