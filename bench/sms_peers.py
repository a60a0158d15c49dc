"""The peers of `bench/sms.py`: Kannel from Debian's package, Jasmin in a virtual environment of its own with Redis.

What is not installed is unpacked below `.run/peers`, by `apt-get download` and `pip`; nothing is installed for the
machine. A peer that cannot be had raises `NotToBeHad`, which says what was missing.

Jasmin 0.11.1 as it is published fails on each submit_sm_resp after it has acknowledged the message (`managers/listeners.py`:
`_pdu.response`), so it never tells anybody of a receipt; nothing of it is mended here, and `told` of the table shows it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import telnetlib
import time
from pathlib import Path
from urllib.parse import urlsplit

from chassis.testing import free_port

PLACE = Path(__file__).resolve().parents[1] / ".run" / "peers"
KANNEL = ("kannel", "libct4", "libhiredis0.14", "libmariadb3", "libpcre3")
REDIS = ("redis-server", "redis-tools", "liblzf1", "libjemalloc2", "liblua5.1-0", "lua-bitop", "lua-cjson")
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu")

CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = secret
smsbox-port = {box}
box-allow-ip = 127.0.0.1
dlr-storage = internal
log-file = {folder}/bearerbox.log
log-level = 4

group = smsc
smsc = smpp
smsc-id = bench
host = 127.0.0.1
port = {port}
smsc-username = bench
smsc-password = x
system-type = ""
transceiver-mode = true
max-pending-submits = 500

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sends}
log-file = {folder}/smsbox.log
log-level = 4

group = sendsms-user
username = u
password = p
max-messages = 10
concatenation = true
"""


class NotToBeHad(Exception):
    """Says why."""


class Peer:
    """A peer that runs: where it takes messages by HTTP, and its processes."""

    def __init__(self, url: str, processes: list[subprocess.Popen[bytes]]) -> None:
        self.url, self.processes = url, processes

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait(10)


def start_kannel(port: int, folder: Path) -> Peer:
    """Bound to the SMSC at `port`."""
    binaries, environ = _programs(KANNEL, "bearerbox", "smsbox")
    sends, box = free_port(), free_port()
    path = folder / "kannel.conf"
    path.write_text(CONFIGURATION.format(admin=free_port(), box=box, folder=folder, port=port, sends=sends))
    processes = []
    for binary, listening in zip(binaries, (box, sends), strict=True):
        processes.append(_started([binary, str(path)], environ, folder))
        wait_for(listening, binary)
    return Peer(f"http://127.0.0.1:{sends}/cgi-bin/sendsms?username=u&password=p&dlr-mask=3", processes)


def start_jasmin(port: int, folder: Path, amqp: str, serving: int | None = None) -> Peer:
    """Bound to the SMSC at `port`, with a Redis of its own and the broker at `amqp`; partners bind at `serving`."""
    program = _jasmin()
    (server,), environ = _programs(REDIS, "redis-server")
    redis, http, jcli = free_port(), free_port(), free_port()
    words = [server, "--port", str(redis), "--save", "", "--bind", "127.0.0.1", "--dir", str(folder)]
    processes = [_started(words, environ, folder)]
    wait_for(redis, server)
    for name in ("etc/jasmin/resource", "etc/jasmin/store", "var/log/jasmin"):
        (folder / name).mkdir(parents=True)
    (folder / "etc/jasmin/jasmin.cfg").write_text(_jasmin_settings(folder, amqp, redis, http, jcli, serving))
    run = {**os.environ, "ROOT_PATH": str(folder), "PYTHONWARNINGS": "ignore"}
    (spec,) = program.parents[1].glob("lib/python*/site-packages/txamqp/specs/standard/amqp0-9-1.stripped.xml")
    shutil.copy(spec, folder / "etc/jasmin/resource/amqp0-9-1.xml")  # the package comes without it
    config = str(folder / "etc/jasmin/jasmin.cfg")
    Path("/tmp/jasmind.lock").unlink(missing_ok=True)  # of one that was killed: its place is fixed
    processes.append(_started([str(program), "-c", config, "--enable-dlr-thrower", "--enable-dlr-lookup"], run, folder))
    try:
        wait_for(jcli, "jasmind", 90.0)
        wait_for(http, "jasmind", 90.0)
    except NotToBeHad as reason:
        raise NotToBeHad(f"{reason}: {(folder / 'jasmind.py.out').read_text()[-300:]}") from None
    _provision(jcli, port)
    return Peer(f"http://127.0.0.1:{http}/send?username=u&password=p&dlr=yes&dlr-level=2&dlr-method=GET", processes)


def _jasmin() -> Path:
    place = PLACE / "jasmin"
    program = place / "bin" / "jasmind.py"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        install = [str(place / "bin" / "pip"), "install", "--quiet", "jasmin", "setuptools<81"]
        done = subprocess.run(install, capture_output=True, text=True)
        if done.returncode or not program.exists():
            raise NotToBeHad(f"pip install jasmin failed: {done.stderr.strip()[-300:]}")
    return program


def _jasmin_settings(folder: Path, amqp: str, redis: int, http: int, jcli: int, serving: int | None) -> str:
    broker = urlsplit(amqp)
    logs = f"log_file = {folder}/var/log/jasmin/%s.log\nlog_level = ERROR\n"
    broker_of = (
        f"host = {broker.hostname}\nport = {broker.port}\nvhost = {broker.path.lstrip('/') or '/'}\n"
        f"username = {broker.username}\npassword = {broker.password}\n"
    )
    sections = {
        "amqp-broker": broker_of + logs % "amqp",
        "redis-client": f"host = 127.0.0.1\nport = {redis}\n" + logs % "redis",
        "http-api": f"bind = 127.0.0.1\nport = {http}\naccess_log = {folder}/var/log/jasmin/access.log\n" + logs % "http",
        "jcli": f"bind = 127.0.0.1\nport = {jcli}\nauthentication = False\n" + logs % "jcli",
        "smpp-server": f"bind = 127.0.0.1\nport = {serving or free_port()}\n" + logs % "smpps",
        "smpp-server-pb": f"bind = 127.0.0.1\nport = {free_port()}\nauthentication = False\n" + logs % "smppspb",
        "client-management": f"store_path = {folder}/etc/jasmin/store\nport = {free_port()}\nauthentication = False\n"
        + logs % "smppc",
        "router": f"store_path = {folder}/etc/jasmin/store\nport = {free_port()}\nauthentication = False\n"
        + logs % "router",
        "interceptor": f"port = {free_port()}\n" + logs % "interceptor",
        "dlr-thrower": logs % "thrower", "deliversm-thrower": logs % "deliver", "dlr": logs % "dlr",
    }  # fmt: skip
    return "\n".join(f"[{name}]\n{body}" for name, body in sections.items())


def _provision(jcli: int, port: int) -> None:
    """A user, a partner who binds, a carrier without a limit of its own, and a route to it."""
    commands = f"""
group -a
gid g
ok
user -a
uid u
gid g
username u
password p
ok
user -a
uid partner
gid g
username bench
password x
ok
smppccm -a
cid bench
host 127.0.0.1
port {port}
username bench
password x
submit_throughput 0
bind transceiver
ok
mtrouter -a
type DefaultRoute
connector smppc(bench)
rate 0
ok
smppccm -1 bench
"""
    session = telnetlib.Telnet("127.0.0.1", jcli, 10)
    session.read_until(b"jcli :", 10)
    for line in commands.strip().splitlines():
        session.write(line.encode() + b"\r\n")
        time.sleep(0.15)
    answer = session.read_very_eager().decode(errors="replace")
    session.close()
    if "rror" in answer or "Unknown" in answer:
        raise NotToBeHad(f"Jasmin did not take its settings: {answer[-300:]}")


def _programs(packages: tuple[str, ...], *names: str) -> tuple[list[str], dict[str, str]]:
    """The programs as the machine has them, else unpacked from Debian's packages; and what they are run with."""
    found = [shutil.which(name, path="/usr/sbin:/usr/bin") for name in names]
    if all(found):
        return [str(each) for each in found], dict(os.environ)
    place = PLACE / packages[0]
    if not place.exists():
        _unpack(packages, place)
    libraries = ":".join(str(place / each) for each in LIBRARIES)
    binaries = [next(iter(place.glob(f"usr/*bin/{name}")), None) for name in names]
    if None in binaries:
        shutil.rmtree(place)
        raise NotToBeHad(f"{packages[0]} has no {', '.join(names)}")
    return [str(each) for each in binaries], {**os.environ, "LD_LIBRARY_PATH": libraries}


def _unpack(packages: tuple[str, ...], place: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise NotToBeHad(f"{packages[0]} is not installed, and this is no Debian")
    downloads = PLACE / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(["apt-get", "download", *packages], cwd=downloads, capture_output=True, text=True)
    if got.returncode:
        raise NotToBeHad(f"apt-get download {packages[0]} failed: {got.stderr.strip()[-300:]}")
    for package in packages:
        (archive, *_) = sorted(downloads.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg", "-x", str(archive), str(place)], check=True)


def _started(words: list[str], environ: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    log = (folder / f"{Path(words[0]).name}.out").open("wb")
    return subprocess.Popen(words, env=environ, cwd=folder, stdout=log, stderr=log)


def wait_for(port: int, what: str, seconds: float = 30.0) -> None:
    """Until something listens there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise NotToBeHad(f"{Path(what).name} does not listen after {seconds:.0f} s")
