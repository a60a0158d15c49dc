"""`make up`, `down`, `status`, `logs`, `migrate` and all that runs inside the local system.

python deploy/local/system.py up | down | status | logs [PROCESS] | migrate | run COMMAND …
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import environment
import postgres
import processes
import psutil
import rabbitmq
import supervision
from environment import Environment
from listening import Machine
from places import DATABASES, LOGS, PYTHON, ROOT, RUN, present_packages
from progress import Trouble, give_up, run_quietly, say, step

MIGRATE_EACH = """
import sys
from chassis.migrate import main
sys.exit(max(main([service, "--create"]) for service in sys.argv[1:]))
"""


def up() -> None:
    """PostgreSQL, RabbitMQ, migrations, every process; then where everything is."""
    environ, _ = servers()
    migrate_all(environ)
    set_broker_up(environ)
    processes.start(environ)
    show(environ)
    say(f"\nAPI            {environ['WICI_PUBLIC_URL']}/v1")
    say(f"its pages      {environ['WICI_PUBLIC_URL']}/docs")
    if (Path(environ["GATEWAY_PANEL_FOLDER"]) / "index.html").exists():
        say(f"the panel      {environ['WICI_PUBLIC_URL']}/")
    say(f"simulated SMSC http://127.0.0.1:{environ['WICI_SMSC_HTTP_PORT']}/")
    say(f"mailbox world  http://127.0.0.1:{environ['WICI_MAILBOX_HTTP_PORT']}/")
    say(f"push providers http://127.0.0.1:{environ['WICI_PUSH_PORT']}/")
    say(f"WhatsApp, Viber http://127.0.0.1:{environ['WICI_OTT_PORT']}/")
    say(f"RCS of Google  http://127.0.0.1:{environ['WICI_RCS_PORT']}/")
    say("\nmake status · make logs P=contacts.jobs · make down")


def down() -> None:
    """Everything that was started here, and only that."""
    stopped = []
    for name, stop in (("processes", supervision.stop), ("RabbitMQ", rabbitmq.stop), ("PostgreSQL", postgres.stop)):
        with step(f"stopping {name}"):
            if stop():
                stopped.append(name)
    say(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def status() -> None:
    """A table of every process; ends with 1 unless all are ready."""
    if not show(environment.running()):
        sys.exit(1)


def show(environ: Environment) -> bool:
    rows = processes.statuses(environ)
    width = max(len(row.name) for row in rows)
    say(f"\n{'process':<{width}}  {'state':<9} {'pid':>7}  {'ready':<28} {'memory':>8} {'cpu':>7}  {'up':>9}")
    for row in rows:
        memory = f"{row.megabytes} MB" if row.megabytes else ""
        cpu = f"{row.cpu_percent:.1f} %" if row.pid else ""
        pid = str(row.pid or "")
        up = duration(row.seconds)
        use = f"{memory:>8} {cpu:>7}  {up:>9}"
        say(f"{row.name:<{width}}  {row.state:<9} {pid:>7}  {row.ready:<28} {use}")
    machine = Machine()
    for name, running in (("PostgreSQL", postgres.postmaster()), ("RabbitMQ", broker_process())):
        given = environment.given().get("DATABASE_URL" if name == "PostgreSQL" else "AMQP_URL")
        state = "running" if running else "given" if given else "stopped"
        memory = f"{processes.memory(machine.family(running.pid)) // 2**20} MB" if running else ""
        pid = str(running.pid) if running else ""
        say(f"{name:<{width}}  {state:<9} {pid:>7}  {'':<28} {memory:>8}")
    return all(row.ready == "ready" for row in rows)


def broker_process() -> psutil.Process | None:
    return next(iter(rabbitmq.leftovers("beam.smp", "beam")), None)


def duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def logs(name: str = "") -> None:
    """Follow the log of one process, or of all."""
    paths = [LOGS / f"{name}.log"] if name else sorted(LOGS.glob("*.log"))
    absent = [path for path in paths if not path.exists()]
    if absent or not paths:
        known = ", ".join(path.stem for path in sorted(LOGS.glob("*.log")))
        raise Trouble(f"No log of {name or 'anything'} in {LOGS}. There are: {known or 'none; make up'}")
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", "40", "-F", *map(str, paths)])


def migrate() -> None:
    """Bring every database up to date, with the servers up."""
    environ, _ = servers()
    migrate_all(environ)


def run(*command: str) -> None:
    """Run a command with the environment of the running system, in its place."""
    environ = environment.running()
    os.execvpe(command[0], list(command), environ)


def make_folders() -> None:
    """The folders of what runs, their owner's alone, as is all that is written there from here on.

    PostgreSQL runs as another user when root calls, so it has to pass through the outermost one (but cannot list it).
    """
    os.umask(0o077)
    for folder, mode in ((RUN, 0o700 if os.geteuid() else 0o711), (LOGS, 0o700), (rabbitmq.HOME, 0o700)):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)


def servers() -> tuple[Environment, list[Callable[[], bool]]]:
    """The complete environment with PostgreSQL and RabbitMQ up, and how to end those that this call has started."""
    make_folders()
    environ = environment.base()
    started: list[Callable[[], bool]] = []
    try:
        admin_url, fresh = postgres.ensure(environ)
        started += [postgres.stop] if fresh else []
        amqp_url, fresh = rabbitmq.ensure(environ)
        started += [rabbitmq.stop] if fresh else []
    except BaseException:
        for stop in reversed(started):
            stop()
        raise
    complete = environment.with_servers(environ, admin_url=admin_url, amqp_url=amqp_url)
    if not environ.get("AMQP_URL"):
        complete.setdefault("WICI_TEST_RABBITMQCTL", str(rabbitmq.CONTROL))
    environment.record(complete)
    return complete, started


@contextmanager
def borrowed_servers() -> Iterator[Environment]:
    """PostgreSQL and RabbitMQ for a while: what had to be started is ended, what ran before goes on."""
    # A build that is cancelled gets SIGTERM; it may not leave servers behind either.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    environ, started = servers()
    try:
        yield environ
    finally:
        for stop in reversed(started):
            stop()


def set_broker_up(environ: Environment) -> None:
    """What there is at the broker, and who may do what; a given one's users are not ours."""
    with step("setting the broker up"):
        run_quietly([PYTHON, "-m", "chassis.bus"], log=LOGS / "broker.log", environ=environ, cwd=ROOT)
        if not environment.given().get("AMQP_URL"):
            rabbitmq.import_users(environ)


def migrate_all(environ: Environment) -> None:
    """What a job does for each service, here for all in one interpreter: starting seven takes longer than the work."""
    present = [service for service in DATABASES if service in present_packages()]
    command: list[str | Path] = [PYTHON, "-c", MIGRATE_EACH, *present]
    with step(f"bringing {len(present)} databases up to date"):
        run_quietly(command, log=LOGS / "migrate.log", environ=environ, cwd=ROOT)


COMMANDS: dict[str, Callable[..., None]] = {
    "up": up, "down": down, "status": status, "logs": logs, "migrate": migrate, "run": run,
}  # fmt: skip


def main(arguments: list[str]) -> None:
    if not arguments or arguments[0] not in COMMANDS:
        give_up(__doc__ or "")
    try:
        COMMANDS[arguments[0]](*arguments[1:])
    except Trouble as trouble:
        give_up(str(trouble))
    except subprocess.SubprocessError as error:
        give_up(f"{error}")
    except BrokenPipeError:
        os._exit(1)  # whoever read our words has gone
    except KeyboardInterrupt:
        give_up("\nInterrupted. What was started goes on; make down ends it.")


if __name__ == "__main__":
    main(sys.argv[1:])
