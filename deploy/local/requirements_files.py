"""The pinned files under `requirements/`, and what of them is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from places import PACKAGES, ROOT

FOLDER = ROOT / "requirements"
# What makes a virtual environment, and what `make lock` brings for itself.
_TOOLS = {"pip", "setuptools", "wheel", "uv"}
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Pinned:
    """One line of a file, with the SHA-256 of each of its archives, in hexadecimal."""

    name: str
    version: str
    sha256: tuple[str, ...]


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.txt"))


def images() -> list[Path]:
    """The files of what is deployed, one for each image."""
    return [path for path in files() if path.stem not in ("dev", "kubectl")]


def pinned(path: Path) -> list[Pinned]:
    """What a file names, in its order."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", path.read_text())
    found = [(_PIN.search(block), re.findall(r"--hash=sha256:([0-9a-f]{64})", block)) for block in blocks]
    return [Pinned(match[1], match[2], tuple(hashes)) for match, hashes in found if match]


def plain(name: str) -> str:
    """A name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def unnamed(installed: Iterable[tuple[str, str]], named: Iterable[Pinned]) -> list[str]:
    """What is installed, by name and version, and stands in no pinned file; our own packages and tools aside."""
    wanted = {(plain(package.name), package.version) for package in named}
    ours = {plain(name) for name in PACKAGES} | {plain(f"wici-{name}") for name in PACKAGES} | _TOOLS
    return sorted(
        f"{plain(name)} {version}"
        for name, version in installed
        if plain(name) not in ours and (plain(name), version) not in wanted
    )


def unnamed_here() -> list[str]:
    """The same of this virtual environment."""
    installed = [(each.metadata["Name"], each.version) for each in distributions()]
    return unnamed(installed, pinned(FOLDER / "dev.txt"))
