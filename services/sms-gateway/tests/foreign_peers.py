"""SMPP of others: npm's `smpp`, PyPI's `aiosmpplib` and Debian's Kannel, fetched once into .run where they can be had.

Neither is of the project's environment: they are programs of their own that the tests speak to.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PEERS = Path(__file__).parent / "peers"
NPM, PYPI = "0.5.1", "0.7.4"
KANNEL = ("kannel", "kannel-extras", "libct4", "libhiredis0.14", "libmariadb3", "libpcre3")


def npm_smpp(script: str) -> list[str]:
    """The command that runs a script of `peers` with npm's smpp; skips, and says so, where it cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("NOT TRIED WITH NPM'S smpp: there is no Node.js here")
    home = ROOT / ".run" / "npm" / f"smpp-{NPM}"
    if not (home / "node_modules" / "smpp").is_dir():
        home.mkdir(parents=True, exist_ok=True)
        if _fails([npm, "install", "--silent", "--no-save", "--prefix", str(home), f"smpp@{NPM}"]):
            pytest.skip("NOT TRIED WITH NPM'S smpp: it cannot be had here")
    return [node, str(PEERS / script), str(home / "node_modules")]


def pypi_aiosmpplib(script: str) -> tuple[list[str], dict[str, str]]:
    """The command, and its environment, that runs a script of `peers` with aiosmpplib; skips where it cannot be had."""
    home = ROOT / ".run" / "pypi" / f"aiosmpplib-{PYPI}"
    if not (home / "aiosmpplib").is_dir():
        asked = ["install", "--quiet", "--no-deps", "--target", str(home), f"aiosmpplib=={PYPI}"]
        if _fails([sys.executable, "-m", "pip", *asked]):
            pytest.skip("NOT TRIED WITH PYPI'S aiosmpplib: it cannot be had here")
    return [sys.executable, str(PEERS / script)], {"PYTHONPATH": str(home), "PYTHONUTF8": "1"}


def debian_kannel(name: str) -> tuple[str, dict[str, str]]:
    """A program of Kannel's, and its environment; skips where it is neither installed nor to be had."""
    if found := shutil.which(name, path="/usr/sbin:/usr/bin:/usr/lib/kannel/test"):
        return found, {}
    home = ROOT / ".run" / "debian" / "kannel"
    if not home.is_dir() and not _unpacked(home):
        pytest.skip("NOT TRIED WITH KANNEL: it is not installed and cannot be had here")
    (program,) = [each for place in ("usr/sbin", "usr/lib/kannel/test") if (each := home / place / name).exists()]
    return str(program), {"LD_LIBRARY_PATH": ":".join(map(str, home.rglob("lib/*-linux-gnu")))}


def _unpacked(home: Path) -> bool:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return False
    with tempfile.TemporaryDirectory() as folder:
        if _fails(["sh", "-c", f"cd {folder} && apt-get download {' '.join(KANNEL)}"]):
            return False
        made = Path(folder) / "made"
        for archive in sorted(Path(folder).glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(archive), str(made)], check=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, home)
    return True


def _fails(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False, timeout=120, capture_output=True).returncode != 0
    except subprocess.TimeoutExpired:
        return True
