"""`python -m MODULE` for tests, from a process that has the imports behind it: two seconds of processor time less each.

A test process starts hundreds of ours. They are processes like any other, killed, stopped and waited for as such; what
they lack is the interpreter's start, which `make up` and the tests of whole systems have.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")


class ForkedProcess:
    """As much of `subprocess.Popen` as `chassis.testing.RunningProcess` needs.

    :param module: what to run, with `arguments`; the first one that a test process starts says what is imported ahead.
    :param environ: the whole environment; `LD_PRELOAD` has no effect.
    :param log: takes what it prints, behind what is there.
    """

    def __init__(self, module: str, arguments: list[str], environ: dict[str, str], log: Path) -> None:
        self.args = [sys.executable, "-m", module, *arguments]
        _SERVER.set_forkserver_preload([f"{module}.__main__", module])
        self._process = _SERVER.Process(target=_run, args=(module, arguments, environ, log))
        self._process.start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """:raises subprocess.TimeoutExpired: it still runs."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self._process.terminate()


def _run(module: str, arguments: list[str], environ: dict[str, str], log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    os.environ.clear()
    os.environ.update(environ)
    paths = environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [path for path in paths if path and path not in sys.path]
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # multiprocessing ends its processes without
