"""The local RabbitMQ: the one at AMQP_URL, else a private node under `.run/rabbitmq`.

The private node shares nothing with another one on the machine: own name, ports, name service (epmd), cookie, user
and folders. Whoever answers is only believed when it is a process of ours that listens and it knows our password. The
server itself is the machine's; where there is none it is installed, or the person is told how.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pika
import pika.exceptions
import psutil
from bootstrap import system_installer
from environment import Environment, free_port, is_free, read, write, write_private
from listening import listens
from places import LOGS, PYTHON, RUN
from progress import Trouble, run_quietly, step, tail

HOME = RUN / "rabbitmq"
LOG = LOGS / "rabbitmq.log"
PORTS_FILE = HOME / "ports"
CONTROL, PLUGINS = HOME / "rabbitmqctl", HOME / "rabbitmq-plugins"
USERS_FILE = HOME / "users.json"
FIRST_PORTS = {"AMQP": 15672 + 1000, "DISTRIBUTION": 17672, "EPMD": 14369}
# Unique to the folder: two checkouts never meet, not even at one name service.
NODE = f"wici-{hashlib.sha256(str(RUN).encode()).hexdigest()[:12]}@localhost"
USER = "wici"
START_SECONDS = 120
STOP_SECONDS = 40
EPMD_SECONDS = 10
# Another program may take a port between our look and our start.
MOST_TRIES = 5
# A scheduler without work sleeps at once instead of spinning for a while: an idle node then costs next to nothing.
NO_BUSY_WAIT = "+sbwt none +sbwtdcpu none +sbwtdio none"
# Set in the environment of what is started here, so that a leftover is recognised without doubt.
MARK = "WICI_BROKER_HOME"

INSTALL_HELP = """\
There is no RabbitMQ here, and it cannot be installed without asking you. Either
    apt-get install rabbitmq-server      (Debian, Ubuntu)
    brew install rabbitmq                (macOS)
or point AMQP_URL at one that runs, for example
    AMQP_URL=amqp://guest:guest@127.0.0.1:5672/%2F make up
and run the same command again."""


def ensure(environ: Environment) -> tuple[str, bool]:
    """The URL of a broker that answers, and whether this call has started one."""
    given = environ.get("AMQP_URL")
    if given:
        if not answers(given):
            raise Trouble("AMQP_URL is set, but no RabbitMQ answers there (or it refuses this user or virtual host).")
        return given, False
    password = environ["WICI_BROKER_PASSWORD"]
    if is_ours() and answers(url(password), wait=START_SECONDS):
        return url(password), False
    server = find_server() or install_server()
    with step("starting RabbitMQ"):
        start(server, password)
    return url(password), True


def url(password: str) -> str:
    return f"amqp://{USER}:{password}@127.0.0.1:{read(PORTS_FILE).get('AMQP', '0')}/%2F"


def is_ours() -> bool:
    """Whether those who listen on the broker's ports are the node and the name service that carry our mark."""
    ports = {name: int(port) for name, port in read(PORTS_FILE).items()}
    nodes = leftovers("beam.smp", "beam")
    return (
        ports.keys() >= FIRST_PORTS.keys()
        and all(listens(nodes, ports[name]) for name in ("AMQP", "DISTRIBUTION"))
        and listens(leftovers("epmd"), ports["EPMD"])
    )


def start(server: Path, password: str) -> None:
    """Start the node; on other ports where somebody else was faster on these.

    :raises Trouble: it does not start, or every port that was free a moment ago is taken now.
    """
    for _ in range(MOST_TRIES):
        stop()  # a half-dead node of a killed run would hold the ports and the folder
        ports = choose_ports()
        try:
            process = launch(server, password, ports)
            if process is not None and answers(url(password), wait=START_SECONDS, process=process) and is_ours():
                return
        except BaseException:  # a start that was cancelled leaves no node behind
            stop()
            raise
        stop()
        if all(is_free(port) for port in ports.values()):
            break  # nobody is in the way, so other ports would help nothing
    raise Trouble(f"RabbitMQ did not start:\n{tail(LOG)}")


def launch(server: Path, password: str, ports: dict[str, int]) -> subprocess.Popen[bytes] | None:
    """Start name service and node; None when the name service's port is another program's."""
    write_configuration(password, ports)
    environ = node_environ(ports)
    write_control_script(server, environ)
    with LOG.open("ab") as log:
        epmd = shutil.which("epmd", path=environ["PATH"])
        if epmd:
            command = [epmd, "-address", "127.0.0.1", "-port", str(ports["EPMD"])]
            if not is_up(spawn(command, environ, log.fileno()), ports["EPMD"]):
                return None
        return spawn([str(server)], environ, log.fileno())


def is_up(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether this very process comes to listen on the port."""
    until = time.monotonic() + EPMD_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if listens([psutil.Process(process.pid)], port):
            return True
        time.sleep(0.05)
    return False


def write_configuration(password: str, ports: dict[str, int]) -> None:
    """What the node reads when it starts; its one user, made on the first start, has a password nobody else knows."""
    for folder in (HOME / "home", LOGS):
        folder.mkdir(parents=True, exist_ok=True)
    write_private(
        HOME / "rabbitmq.conf",
        f"listeners.tcp.1 = 127.0.0.1:{ports['AMQP']}\n"
        f"default_user = {USER}\n"
        f"default_pass = {password}\n"
        "log.file.level = warning\n"
        # Nobody looks at the broker's statistics here; gathering them every five seconds is work for nobody.
        "collect_statistics_interval = 60000\n"
        # The write-ahead log of quorum queues is kept in memory too: 64 MB of it suffice on one machine.
        "raft.wal_max_size_bytes = 67108864\n",
    )
    cookie = HOME / "home" / ".erlang.cookie"
    if not cookie.exists():
        write_private(cookie, secrets.token_hex(16))
    (HOME / "enabled_plugins").write_text("[].\n")
    (HOME / "rabbitmq-env.conf").write_text("# The machine's own settings are not ours.\n")


def write_control_script(server: Path, environ: Environment) -> None:
    """`.run/rabbitmq/rabbitmqctl` and `rabbitmq-plugins` speak to our node, whatever else runs on the machine."""
    mine = {
        key: value for key, value in environ.items() if key.startswith(("RABBITMQ_", "ERL_")) or key in ("HOME", "LANG")
    }
    lines = [f"export {key}={shlex.quote(value)}" for key, value in sorted(mine.items())]
    for script in (CONTROL, PLUGINS):
        command = shlex.quote(str(server.with_name(script.name)))
        script.write_text("\n".join(["#!/bin/sh", *lines, f'exec {command} "$@"', ""]))
        script.chmod(0o700)


def tell_prometheus(port: int) -> None:
    """Have our running node tell its figures on that port of 127.0.0.1; at its next start it does so no more.

    Off by itself: gathering them costs an idle node more than all else that it does.
    """
    listen = f'application:set_env(rabbitmq_prometheus, tcp_config, [{{ip, "127.0.0.1"}}, {{port, {port}}}]).'
    run_quietly([CONTROL, "--silent", "eval", listen], log=LOGS / "broker.log")
    run_quietly([PLUGINS, "--silent", "enable", "rabbitmq_prometheus"], log=LOGS / "broker.log")


def import_users(environ: Environment) -> None:
    """Let each service in, with its password and its rights, unless the node knows all of them from the last time."""
    known = USERS_FILE.read_bytes() if USERS_FILE.exists() else b""
    fresh = USERS_FILE.with_suffix(".new")
    run_quietly([PYTHON, "-m", "chassis.bus", "--users", fresh], log=LOGS / "broker.log", environ=environ)
    if fresh.read_bytes() != known:
        run_quietly([CONTROL, "--silent", "import_definitions", fresh], log=LOGS / "broker.log")
        fresh.replace(USERS_FILE)


def spawn(command: list[str], environ: Environment, log: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=HOME, env=environ, start_new_session=True
    )


def choose_ports() -> dict[str, int]:
    """The ports of the last run where they are still free, else the next free ones."""
    before = {name: int(port) for name, port in read(PORTS_FILE).items()}
    ports = {}
    for name, first in FIRST_PORTS.items():
        port = before.get(name, first)
        ports[name] = port if is_free(port) else free_port(first)
    write(PORTS_FILE, {name: str(port) for name, port in ports.items()})
    return ports


def node_environ(ports: dict[str, int]) -> Environment:
    """Where the node finds its things; nothing of a RabbitMQ or Erlang that the caller has set up."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("RABBITMQ_", "ERL_"))}
    return {
        **inherited,
        MARK: str(HOME),
        "HOME": str(HOME / "home"),  # Erlang keeps its cookie there
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(ports["EPMD"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_DIST_PORT": str(ports["DISTRIBUTION"]),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {{127,0,0,1}} {NO_BUSY_WAIT}",
        "RABBITMQ_CONF_ENV_FILE": str(HOME / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(HOME / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(HOME / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(HOME / "mnesia"),
        "RABBITMQ_LOG_BASE": str(HOME / "log"),
        "RABBITMQ_PID_FILE": str(HOME / "node.pid"),
    }


def find_server(name: str = "rabbitmq-server") -> Path | None:
    """The server's own script; Debian's wrapper on PATH only runs as the system's node."""
    folders = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin"]
    folders += os.environ.get("PATH", "").split(os.pathsep)
    for folder in folders:
        script = Path(folder) / name
        if folder and script.exists() and "rabbitmq-script-wrapper" not in str(script.resolve()):
            return script
    return None


def install_server() -> Path:
    """Install RabbitMQ where that needs nobody's answer; raises Trouble with what to do where it does."""
    commands = system_installer("rabbitmq-server")
    if commands is None and shutil.which("brew"):
        commands = [["brew", "install", "rabbitmq"]]
    if commands is None:
        raise Trouble(INSTALL_HELP)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "HOMEBREW_NO_AUTO_UPDATE": "1"}
    with step("installing rabbitmq-server, which this machine lacks"):
        for command in commands:
            run_quietly(command, log=LOGS / "setup.log", environ=environ)
        if shutil.which("systemctl"):
            # The package starts a node for the whole machine; ours is private and needs none.
            prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
            disable = [*prefix, "systemctl", "disable", "--now", "rabbitmq-server"]
            subprocess.run(disable, capture_output=True, check=False)
    server = find_server()
    if server is None:
        raise Trouble(INSTALL_HELP)
    return server


def answers(address: str, *, wait: float = 0, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Whether a connection opens within `wait` seconds."""
    until = time.monotonic() + wait
    parameters = pika.URLParameters(address)
    parameters.socket_timeout = parameters.blocked_connection_timeout = 5
    while True:
        try:
            pika.BlockingConnection(parameters).close()
            return True
        except (pika.exceptions.AMQPError, OSError):
            if time.monotonic() >= until or (process is not None and process.poll() is not None):
                return False
            time.sleep(0.3)


def leftovers(*names: str) -> list[psutil.Process]:
    """What runs of our node: everything that carries our mark in its environment."""
    return [process for process in marked(MARK, str(HOME)) if not names or process.name() in names]


def marked(key: str, value: str) -> Iterable[psutil.Process]:
    """The living processes whose environment says `key=value`."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(key) == value and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (psutil.Error, OSError):
            continue


def stop() -> bool:
    """End our node and its name service, gently first. Returns whether there was one."""
    found = leftovers()
    nodes = [process for process in found if process.name().startswith("beam")]
    end(nodes, STOP_SECONDS)
    end(leftovers(), 5)
    return bool(found)


def end(processes: list[psutil.Process], seconds: float) -> None:
    """SIGTERM, and SIGKILL for whoever is still there after `seconds`."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        _, processes = psutil.wait_procs(processes, timeout=seconds)
        if not processes:
            return
