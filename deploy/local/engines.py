"""`make engines`: tests on the very majors that are deployed, PostgreSQL 17 and RabbitMQ 4, from Debian's next release.

    python deploy/local/engines.py [FOLDER …]

`make test` takes what the machine has; this one makes a root of Debian 13 by debootstrap (once, into `.run/engines`),
starts both engines in it as root in a chroot, and runs `run_tests.py` against them. Ends with 3 where it cannot.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time

from environment import Environment, free_port
from places import PYTHON, ROOT, RUN
from progress import Trouble, give_up, run_quietly, say, step
from rabbitmq import answers

HOME = RUN / "engines"
DEBIAN = HOME / "debian"
LOG = RUN / "log/engines.log"
RELEASE, PACKAGES = "trixie", "rabbitmq-server,postgresql-17"
POSTGRESQL = "/usr/lib/postgresql/17/bin"
RABBITMQ = "/usr/lib/rabbitmq/bin"
START_SECONDS = 120
PASSWORD = "wici"
# Room for every process of several whole systems; a test's data need not survive the machine.
SETTINGS = ("fsync=off", "max_connections=480", "shared_buffers=256MB", "unix_socket_directories=")


def main(folders: list[str]) -> None:
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        say("NOT RUN: the deployed engines are had as root by debootstrap (`apt install debootstrap`).")
        sys.exit(3)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    running: list[subprocess.Popen[bytes]] = []
    try:
        have_root()
        environ = {**os.environ, **start_postgresql(running), **start_rabbitmq(running)}
        running.append(subprocess.Popen([PYTHON, ROOT / "deploy/local/run_tests.py", *folders], env=environ))
        code = running[-1].wait()
    except Trouble as trouble:
        give_up(str(trouble))
    finally:
        for child in reversed(running):
            child.terminate()
            child.wait(60)
    sys.exit(code)


def have_root() -> None:
    if (DEBIAN / "made").exists():
        return
    with step("Debian 13 with PostgreSQL 17 and RabbitMQ 4"):
        shutil.rmtree(DEBIAN, ignore_errors=True)
        DEBIAN.mkdir(parents=True)
        words = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, str(DEBIAN)]
        run_quietly(words, log=LOG)
        (DEBIAN / "made").touch()


def inside(*command: str, user: str = "root") -> list[str]:
    """The command in the root, with /proc and /dev of the machine."""
    mounts = f"mount -t proc proc {DEBIAN}/proc; mount --rbind /dev {DEBIAN}/dev; cp /etc/hosts {DEBIAN}/etc/hosts"
    script = f'{mounts}; exec chroot --userspec={user} {DEBIAN} "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", *command]


def start_postgresql(running: list[subprocess.Popen[bytes]]) -> Environment:
    """A new cluster with one superuser: it listens on 127.0.0.1 alone, and goes with the run."""
    port, cluster = free_port(32000), "/var/lib/postgresql/wici"
    shutil.rmtree(DEBIAN / cluster.lstrip("/"), ignore_errors=True)
    words = ("-D", cluster, "-U", "wici", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
    known = ("--auth=scram-sha-256", "--pwfile=/tmp/password")
    (DEBIAN / "tmp/password").write_text(PASSWORD)
    with step("starting PostgreSQL 17"):
        run_quietly(inside(f"{POSTGRESQL}/initdb", *words, *known, user="postgres"), log=LOG)
        options = [word for setting in (*SETTINGS, f"port={port}") for word in ("-c", setting)]
        running.append(launch(inside(f"{POSTGRESQL}/postgres", "-D", cluster, *options, user="postgres")))
        wait(lambda: ready(port), "PostgreSQL")
    return {"DATABASE_URL": f"postgresql://wici:{PASSWORD}@127.0.0.1:{port}/postgres"}


def ready(port: int) -> bool:
    words = (f"{POSTGRESQL}/pg_isready", "--host", "127.0.0.1", "--port", str(port))
    return subprocess.run(inside(*words), capture_output=True, check=False).returncode == 0


def start_rabbitmq(running: list[subprocess.Popen[bytes]]) -> Environment:
    amqp = free_port(32100)
    node = {
        "HOME": "/var/lib/rabbitmq",
        "RABBITMQ_NODENAME": "wici-engines@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(amqp),
        "RABBITMQ_DIST_PORT": str(free_port(amqp + 1)),
        "ERL_EPMD_PORT": str(free_port(amqp + 100)),
        "RABBITMQ_MNESIA_BASE": "/var/lib/rabbitmq/wici",
        "RABBITMQ_LOG_BASE": "/var/log/rabbitmq",
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    }
    settings = [f"{key}={value}" for key, value in node.items()]
    shutil.rmtree(DEBIAN / "var/lib/rabbitmq/wici", ignore_errors=True)
    (cookie := DEBIAN / "var/lib/rabbitmq/.erlang.cookie").write_text(secrets.token_hex(16))
    cookie.chmod(0o600)
    os.chown(cookie, 0, 0)
    control = HOME / "rabbitmqctl"
    words = " ".join(f"'{word}'" for word in inside("env", "-i", *settings, f"{RABBITMQ}/rabbitmqctl"))
    control.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    control.chmod(0o700)
    url = f"amqp://guest:guest@127.0.0.1:{amqp}/%2F"
    with step("starting RabbitMQ 4"):
        running.append(launch(inside("env", "-i", *settings, f"{RABBITMQ}/rabbitmq-server")))
        wait(lambda: answers(url), "RabbitMQ")
    return {"AMQP_URL": url, "WICI_TEST_RABBITMQCTL": str(control)}


def launch(command: list[str]) -> subprocess.Popen[bytes]:
    with LOG.open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def wait(is_up, what: str) -> None:  # type: ignore[no-untyped-def]
    ends = time.monotonic() + START_SECONDS
    while not is_up():
        if time.monotonic() > ends:
            raise Trouble(f"{what} did not start:\n{LOG.read_text(errors='replace')[-2_000:]}")
        time.sleep(0.5)


if __name__ == "__main__":
    main(sys.argv[1:])
