"""Make `.venv` in the checkout: pinned and hashed requirements, then the packages of the repository, editable.

Runs with the machine's own Python (3.11 or later) and nothing else, and does nothing when nothing has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from places import PYTHON, ROOT, VENV, missing_packages, present_packages
from progress import Trouble, give_up, run_quietly, say, step

OLDEST_PYTHON = (3, 11)
STAMP = VENV / "wici-stamp.json"
LOG = ROOT / ".run/log/setup.log"
REQUIREMENTS = ROOT / "requirements/dev.txt"


def main() -> None:
    """Bring the virtual environment up to date; ends with 1 and a plain sentence when that cannot be done."""
    if sys.version_info < OLDEST_PYTHON:
        give_up(
            f"Wici needs Python 3.11 or later; this is {sys.version.split()[0]}. Say which: make PYTHON=python3.12 …"
        )
    try:
        prepare()
    except Trouble as trouble:
        give_up(str(trouble))


def prepare() -> None:
    wanted, found = stamp(), read_stamp()
    if found.get("root") not in (None, str(ROOT)):
        shutil.rmtree(VENV)  # the checkout was moved or copied: the scripts in there name the old folder
    elif found == wanted and PYTHON.exists():
        return
    say("Setting up (once; again only when requirements change)")
    for folder in (LOG.parent.parent, LOG.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    LOG.write_bytes(b"")
    if not works(PYTHON):
        make_environment()
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    with step("installing the pinned requirements"):
        run_quietly([*pip, "--require-hashes", "-r", REQUIREMENTS], log=LOG)
    folders = present_packages()
    with step(f"installing {len(folders)} packages of the repository"):
        # Compat mode puts plain folders on the path, which mypy and import-linter can follow.
        editable: list[str | Path] = [word for folder in folders.values() for word in ("-e", folder)]
        settings = ["--config-settings", "editable_mode=compat"]
        run_quietly([*pip, "--no-deps", "--no-build-isolation", *settings, *editable], log=LOG)
    for name, folder in missing_packages().items():
        say(f"  ! {name} is not in this checkout ({folder.relative_to(ROOT)})")
    STAMP.write_text(json.dumps(wanted))


def stamp() -> dict[str, str]:
    """What the environment was made of; another value means it has to be made again."""
    digest = hashlib.sha256()
    for path in [REQUIREMENTS, *sorted(folder / "pyproject.toml" for folder in present_packages().values())]:
        digest.update(path.read_bytes())
    return {"root": str(ROOT), "python": sys.version.split()[0], "requirements": digest.hexdigest()}


def read_stamp() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found


def works(python: Path) -> bool:
    """Whether this interpreter runs and has pip: a half-made or orphaned environment does not."""
    if not python.exists():
        return False
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def make_environment() -> None:
    with step("making the virtual environment in .venv"):
        try:
            run_quietly([sys.executable, "-m", "venv", "--clear", VENV], log=LOG)
        except Trouble:
            install_venv_module()
            run_quietly([sys.executable, "-m", "venv", "--clear", VENV], log=LOG)


def install_venv_module() -> None:
    """Debian ships Python without ensurepip: python3-venv brings it."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    command = system_installer(package)
    if command is None:
        raise Trouble(
            "This Python cannot make virtual environments. Run this, then the same again:\n"
            f"    apt-get install {package}"
        )
    say(f"  … installing {package}, which this Python lacks")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in command:
        run_quietly(words, log=LOG, environ=environ)


def system_installer(package: str) -> list[list[str]] | None:
    """The commands that install a Debian package without asking anyone, or None where that is not possible."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        prefix: list[str] = []
    elif (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        prefix = ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    else:
        return None
    install = [*prefix, "apt-get", "install", "--yes", "--no-install-recommends", package]
    return [[*prefix, "apt-get", "update"], install]


if __name__ == "__main__":
    main()
