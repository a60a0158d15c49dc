"""A test run: its end names what failed; cancelled, it is over within seconds and leaves nothing, however stubborn."""

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
        ends = time.monotonic() + 120
        while not (begun.exists() and begun.read_text().endswith("\n")):
            assert time.monotonic() < ends and run.poll() is None, "the tests do not begin"
            time.sleep(0.05)

        for number in asked:
            run.send_signal(number)
        code = run.wait(60)  # its tests would go on for longer
    finally:
        run.kill()
        left = [pid for pid in map(int, begun.read_text().split()) if alive(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    assert (code, left) == (128 + asked[0], [])


FAILING = """
import pytest

@pytest.fixture
def broken():
    raise OSError("no such thing")

def test_good(): pass
def test_bad(): assert 1 == 2, "one is not two"
def test_worse(broken): pass
"""


def test_the_end_of_a_run_names_each_test_that_failed_and_why(tmp_path):
    folder = tmp_path / "unit"
    folder.mkdir()
    (folder / "test_it.py").write_text(FAILING)
    script = RUN.format(local=str(Path(__file__).parents[2]), folder=str(folder))
    environ = {**os.environ, "WICI_RUN": str(tmp_path / "run")}
    run = subprocess.run([sys.executable, "-c", script], env=environ, stdout=subprocess.PIPE, text=True, timeout=60)
    end = run.stdout.partition("── all tests")[2]
    assert run.returncode == 1 and "1 passed, 2 failed, 0 skipped" in end
    assert "test_bad\n      AssertionError: one is not two" in end and "test_good" not in end
    assert 'test_worse\n      failed on setup with "OSError: no such thing"' in end


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
