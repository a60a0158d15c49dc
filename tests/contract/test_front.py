"""The front of compose: Caddy takes its file, and no body that the gateway takes is too large for it."""

import json
import os
import shutil
import subprocess

import pytest
import yaml
from system import ROOT

from api_gateway.config import Config

CADDY = shutil.which("caddy")
CADDYFILE = ROOT / "deploy/Caddyfile"


def front():
    return yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]["front"]


def ran(folder, *arguments):
    """What `caddy` wrote, with the file's variables as compose sets them."""
    named = {name: value.rpartition(":-")[2].rstrip("}") for name, value in front()["environment"].items()}
    environment = {**os.environ, **named, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    ran = subprocess.run(
        [CADDY, *arguments, "--config", CADDYFILE, "--adapter", "caddyfile"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_front_may_be_started_without_its_other_capabilities():
    """The image's binary has `cap_net_bind_service=+ep` on its file: without it in the bounding set execve is EPERM."""
    assert (front()["cap_drop"], front()["cap_add"]) == (["ALL"], ["NET_BIND_SERVICE"])


def test_the_front_takes_bodies_as_large_as_the_gateway_does():
    sizes = [line.split()[1] for line in CADDYFILE.read_text().splitlines() if line.split()[:1] == ["max_size"]]

    assert sizes == ["1GiB", f"{Config.max_body // 1024**2}MiB"]  # MB would be 4.6 % below


@pytest.mark.skipif(
    CADDY is None, reason="NOT TESTED: the front's Caddyfile; needs `caddy` (Debian: apt-get install caddy)"
)
def test_caddy_takes_its_file(tmp_path):
    ran(tmp_path, "validate")

    adapted = json.loads(ran(tmp_path, "adapt"))
    sizes = sorted(each["max_size"] for each in handlers(adapted) if each.get("handler") == "request_body")
    assert sizes == [Config.max_body, 1024**3]


def handlers(node):
    """Every object within the JSON that names a handler."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if isinstance(node, dict):
        if "handler" in node:
            yield node
        for each in node.values():
            yield from handlers(each)
