"""A process that is not a Nameko service: up, at work in the background, and down again."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from chassis.process import every

PROGRAM = """
import sys
from dataclasses import dataclass
from chassis.config import setting
from chassis.process import boot

@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = setting("SMS_GATEWAY_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)

def main(process):
{main}

boot(main, Config, service="sms_gateway", name="trial")
"""


def program(main: str, environ: dict[str, str]) -> subprocess.Popen[str]:
    code = PROGRAM.format(main=textwrap.indent(textwrap.dedent(main), "    "))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def environ(amqp_url, database_url):
    return {"AMQP_URL": amqp_url, "SMS_GATEWAY_DATABASE_URL": database_url("sms_gateway")}


def test_work_in_the_background_goes_on_until_main_has_returned(environ) -> None:
    trial = program(
        """
        def background(stop):
            stop.wait()
            print("background ends", flush=True)
        process.background(background, "trial")
        process.checks["migrations"]()
        print("up", flush=True)
        process.stop.wait()
        print("main ends", flush=True)
        """,
        environ,
    )
    assert trial.stdout is not None and "up\n" in iter(trial.stdout.readline, "")

    trial.send_signal(signal.SIGTERM)

    said = trial.communicate(timeout=30)[0]
    assert said.index("main ends") < said.index("background ends")
    assert trial.returncode == 0


def test_a_background_thread_that_fails_ends_the_process(environ) -> None:
    trial = program(
        """
        def background(stop):
            raise RuntimeError("broken")
        process.background(background, "trial")
        process.stop.wait()
        """,
        environ,
    )

    assert "background_failed" in trial.communicate(timeout=30)[0]
    assert trial.returncode == 1


def test_what_is_not_configured_is_said_at_once(environ) -> None:
    trial = program("raise AssertionError", {**environ, "AMQP_URL": "", "SMS_GATEWAY_DATABASE_URL": ""})

    said = trial.communicate(timeout=30)[0]
    assert "AMQP_URL is missing; " in said or "SMS_GATEWAY_DATABASE_URL is missing; " in said
    assert trial.returncode == 2


def test_a_step_that_fails_has_its_next_turn() -> None:
    stop, turns = threading.Event(), []

    def step() -> None:
        turns.append(len(turns))
        if len(turns) == 3:
            stop.set()
        raise RuntimeError("broken")

    every(0.001, step, stop, name="trial")

    assert turns == [0, 1, 2]
