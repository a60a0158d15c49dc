"""`make lock`: resolve what the packages ask for into pinned, hashed requirements that name no index.

    requirements/dev.txt          everything: all packages, tests, tools
    requirements/<deployable>.txt one image's share of it, at the same versions

The packages of the repository themselves are left out: they are installed from their folders.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from places import PACKAGES, ROOT, present_packages
from progress import give_up, say

REQUIREMENTS = ROOT / "requirements"
OPTIONS = [
    *("--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
]
HEADER = "# Made by `make lock` from the pyproject.toml of each package; do not edit.\n"
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")


def main() -> None:
    projects = {folder.name: read(folder) for folder in present_packages().values()}
    by_name = {project["name"]: project for project in projects.values()}
    tools = (REQUIREMENTS / "dev.in").read_text().splitlines()
    wanted = [
        line
        for project in by_name.values()
        for line in asked(project, set(project.get("optional-dependencies", {})), by_name)
    ]
    everything = compile_requirements([*wanted, *tools])
    write(REQUIREMENTS / "dev.txt", everything)
    for name, folder in present_packages().items():
        if folder.parent == ROOT / "libs" or name == "wici_simulators":
            continue
        project = read(folder)
        lines = compile_requirements([*asked(project, set(), by_name), "setuptools<81"], constraints=everything)
        write(REQUIREMENTS / f"{'gateway' if name == 'api_gateway' else folder.name}.txt", lines)
    for name in sorted(set(PACKAGES) - set(present_packages())):
        say(f"! {name} is not in this checkout: nothing is pinned for it")


def read(folder: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return project


def asked(project: dict[str, Any], extras: set[str], by_name: dict[str, dict[str, Any]]) -> list[str]:
    """What a package needs from outside, its local dependencies' needs included."""
    lines = list(project.get("dependencies", []))
    for extra in extras:
        lines += project.get("optional-dependencies", {}).get(extra, [])
    found = []
    for line in lines:
        match = _NAME.match(line)
        if match is None:
            raise SystemExit(f"{project['name']}: cannot read the requirement {line!r}")
        local = by_name.get(match[1].lower().replace("_", "-"))
        if local is None:
            found.append(line)
        elif local is not project:
            found += asked(local, {extra.strip() for extra in (match[2] or "").split(",") if extra.strip()}, by_name)
    return found


def compile_requirements(lines: list[str], constraints: str = "") -> str:
    with tempfile.TemporaryDirectory() as folder:
        wanted, limits = Path(folder, "wanted.in"), Path(folder, "limits.txt")
        wanted.write_text("\n".join(sorted(set(lines))) + "\n")
        limits.write_text(constraints)
        uv = (sys.executable, "-m", "uv")
        command: list[str | Path] = [*uv, "pip", "compile", *OPTIONS, "--constraint", limits, wanted]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        give_up(f"uv could not resolve the requirements:\n{ran.stderr}")
    return ran.stdout


def write(path: Path, text: str) -> None:
    if "://" in text:
        give_up(f"{path.name} would name an address; nothing was written")
    path.write_text(HEADER + text)
    say(f"  {path.relative_to(ROOT)}: {sum('==' in line for line in text.splitlines())} packages")


if __name__ == "__main__":
    main()
