"""A container without an engine: a process in an image's root, as compose says, by the kernel's own means.

The mount namespace is its own, the network is the host's: PostgreSQL and RabbitMQ of the checkout are on 127.0.0.1.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from environment import Environment, is_free
from places import RUN
from progress import Trouble, say

READY_SECONDS = 300  # on a busy machine; one that ends is told at once
VOLUMES = RUN / "images/volumes"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")
# The addresses of the servers are this checkout's; everything else is compose's and the image's own.
_SERVERS = re.compile(r"(_DATABASE_URL|AMQP_URL)$")


def works(name: str, service: dict[str, Any], config: dict[str, Any], root: Path, environ: Environment) -> bool:
    """Start it, wait until it is ready, end it; a job (`restart: no`) ends by itself. Says what came of it.

    :param config: of the image (OCI image specification, `config`): Env, User, Cmd, WorkingDir.
    :param root: of a container of the image.
    """
    command = service.get("command") or config["Cmd"]
    settings = settings_of(service, config, environ)
    is_job = service.get("restart") == "no"
    if not is_job and not is_free(port := int(settings.get("HEALTH_PORT", 0))):
        raise Trouble(f"Port {port} is taken; {name} needs it as in its container.")
    script = entry(root, volumes(service, root, environ), config.get("User") or "0:0", config.get("WorkingDir") or "/")
    log = RUN / "log" / f"image-{name}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh", *command],
            env=settings, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        started = time.monotonic()
        try:
            ready = child.wait(READY_SECONDS) == 0 if is_job else is_ready(child, health_url(service))
        finally:
            end(child)
    seconds = time.monotonic() - started
    say(f"  {'✓' if ready else '✗'} {name:<28} {shlex.join(command)[:70]:<70} {seconds:5.1f} s")
    if not ready:
        say(log.read_text(errors="replace")[-2_000:])
    return ready


def settings_of(service: dict[str, Any], config: dict[str, Any], environ: Environment) -> dict[str, str]:
    """The container's environment: the image's, compose's with its variables filled in, our servers' addresses."""
    settings = dict(one.split("=", 1) for one in config.get("Env") or [])
    settings |= {key: filled(str(value), environ) for key, value in service.get("environment", {}).items()}
    own = str(service.get("environment", {}).get("AMQP_URL", ""))
    user = re.match(r"amqp://wici_(\w+):", own)
    settings.update({key: environ[key] for key in settings if _SERVERS.search(key)})
    if user:
        settings["AMQP_URL"] = environ[f"{user[1].upper()}_AMQP_URL"]
    settings.pop("WICI_BROKER_MANAGEMENT_URL", None)  # the checkout's broker has no such interface
    settings["WICI_DEVELOPMENT"] = "1"  # keys of the tests are good enough here
    return settings


def filled(text: str, environ: Environment) -> str:
    """Compose's interpolation, of the forms that we use."""
    return _VARIABLE.sub(lambda found: environ.get(found[1]) or found[2] or "", text)


def volumes(service: dict[str, Any], root: Path, environ: Environment) -> dict[Path, Path]:
    """Host folders by where they are mounted: a named volume begins as the image's folder, owner and mode included."""
    mounted = {}
    for volume in service.get("volumes", []):
        source, target = filled(volume, environ).split(":")[:2]
        inside, folder = root / target.strip("/"), VOLUMES / target.strip("/").replace("/", "-")
        if source.startswith("."):
            certificate(folder)  # the one folder of a host's that compose mounts
        elif inside.is_dir():
            shutil.copytree(inside, folder, dirs_exist_ok=True)
            os.chown(folder, inside.stat().st_uid, inside.stat().st_gid)
        folder.mkdir(parents=True, exist_ok=True)
        inside.mkdir(parents=True, exist_ok=True)
        mounted[folder] = inside
    return mounted


def certificate(folder: Path) -> None:
    """What `compose.env.example` asks for: tls.crt and tls.key, which the process may read."""
    folder.mkdir(parents=True, exist_ok=True)
    key, crt = folder / "tls.key", folder / "tls.crt"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=smtp.wici.example",
    ]
    subprocess.run([*words, "-keyout", key, "-out", crt], check=True, capture_output=True)
    folder.chmod(0o755)
    for file in (key, crt):  # whatever the umask of whoever builds
        file.chmod(0o644)


def entry(root: Path, mounted: dict[Path, Path], user: str, folder: str) -> str:
    """The shell script that makes the root read-only and hands the process its user; run in a namespace of its own."""
    at = shlex.quote(str(root))
    lines = [
        f"mount --bind {at} {at}",
        f"mkdir -p {at}/proc {at}/dev {at}/tmp",
        f"for f in resolv.conf hosts; do touch {at}/etc/$f; mount --bind /etc/$f {at}/etc/$f; done",
        f"mount --rbind /dev {at}/dev",
        f"mount -t proc proc {at}/proc",
        f"mount -o remount,bind,ro {at}",
        f"mount -t tmpfs -o mode=1777 tmpfs {at}/tmp",
        *(f"mount --bind {shlex.quote(str(host))} {shlex.quote(str(inside))}" for host, inside in mounted.items()),
        f"exec setpriv --no-new-privs --inh-caps=-all /usr/sbin/chroot --userspec={user} --groups= {at}"
        f' /bin/sh -c \'cd {folder} && exec "$@"\' sh "$@"',
    ]
    return "\n".join(lines)


def health_url(service: dict[str, Any]) -> str:
    """What compose itself asks for."""
    test = " ".join(map(str, service["healthcheck"]["test"]))
    found = re.search(r"http://[^']+", test)
    assert found, test
    return found[0]


def is_ready(child: subprocess.Popen[bytes], url: str) -> bool:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends and child.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)
    return False


def end(child: subprocess.Popen[bytes]) -> None:
    """As compose stops it: SIGTERM, then SIGKILL."""
    child.terminate()
    try:
        child.wait(45)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
