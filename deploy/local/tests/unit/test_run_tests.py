"""A test run that is cancelled: over within seconds, and nothing of it left, however stubborn its tests are."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

# It does not stop for Ctrl-C, and has started a process that nobody but it knows of.
STUBBORN = """
import os, signal, subprocess, sys, time

def test_it():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with open({begun!r}, "w") as file:
        file.write(f"{{os.getpid()}} {{child.pid}}\\n")
    time.sleep(600)
"""
RUN = """
import sys
sys.path.insert(0, {local!r})
import run_tests
from pathlib import Path
run_tests.sections = lambda only: [run_tests.Section("it: unit", Path({folder!r}))]
run_tests.main([])
"""


@pytest.mark.parametrize("asked", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=str)
def test_a_run_that_is_cancelled_ends_within_seconds_and_leaves_no_process(tmp_path, asked):
    folder, begun = tmp_path / "unit", tmp_path / "begun"
    folder.mkdir()
    (folder / "test_it.py").write_text(STUBBORN.format(begun=str(begun)))
    script = RUN.format(local=str(Path(__file__).parents[2]), folder=str(folder))
    environ = {**os.environ, "WICI_RUN": str(tmp_path / "run")}
    run = subprocess.Popen([sys.executable, "-c", script], env=environ, stdout=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + 60
        while not (begun.exists() and begun.read_text().endswith("\n")):
            assert time.monotonic() < ends and run.poll() is None, "the tests do not begin"
            time.sleep(0.05)

        for number in asked:
            run.send_signal(number)
        code = run.wait(10)
    finally:
        run.kill()
        left = [pid for pid in map(int, begun.read_text().split()) if alive(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    assert (code, left) == (128 + asked[0], [])


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
