"""`make lint`: style, types, import rules, requirements and deployment files. Runs all, then says what failed."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import manifests
from places import ROOT, RUN, VENV, missing_packages, present_packages
from progress import Trouble, say
from requirements_files import unnamed_here

import panel

BIN = VENV / "bin"
LONGEST_FILE = 300  # lines; a file should fit a coffee


def main() -> int:
    (RUN / "cache").mkdir(parents=True, exist_ok=True)
    checks: dict[str, Callable[[], None]] = {
        "ruff check": lambda: tool("ruff", "check", "--quiet", "."),
        "ruff format": lambda: tool("ruff", "format", "--check", "--quiet", "."),
        "mypy": types,
        "import rules": lambda: tool("lint-imports", "--cache-dir", str(RUN / "cache/import-linter")),
        "requirements": requirements,
        "kubernetes manifests": manifests.check_kubernetes,
        "compose file": manifests.check_compose,
        "Dockerfiles": manifests.check_dockerfiles,
        "panel": panel_types,
    }
    failed = [name for name, check in checks.items() if not passes(name, check)]
    for name in missing_packages():
        say(f"  ! {name} is not in this checkout")
    for path in long_files():
        say(f"  ! {path} is longer than {LONGEST_FILE} lines")
    say(
        f"\n{len(checks) - len(failed)} checks passed, {len(failed)} failed{': ' + ', '.join(failed) if failed else ''}"
    )
    return 1 if failed else 0


def passes(name: str, check: Callable[[], None]) -> bool:
    started = time.monotonic()
    try:
        check()
    except Trouble as trouble:
        say(f"  ✗ {name}\n{trouble}")
        return False
    say(f"  ✓ {name} ({time.monotonic() - started:.1f} s)")
    return True


def tool(name: str, *arguments: str) -> None:
    """Run a tool of the virtual environment; raises Trouble with all that it said."""
    ran = subprocess.run([BIN / name, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Trouble(ran.stdout + ran.stderr)


def types() -> None:
    sources = [folder / name for name, folder in present_packages().items()]
    tool("mypy", "--no-error-summary", *map(str, sources), *map(str, sorted((ROOT / "deploy/local").glob("*.py"))))


def requirements() -> None:
    """Pinned, hashed, without an address, enough for what the packages declare, and all that is installed."""
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        if "://" in text or re.search(r"^--", text, re.MULTILINE):
            raise Trouble(f"    {path.name} names an address or an option of pip")
        for block in re.split(r"\n(?=[A-Za-z0-9])", text):
            if "==" in block and "--hash=sha256:" not in block:
                raise Trouble(f"    {path.name}: no hash for {block.splitlines()[0]}")
    tool("python", "-m", "pip", "--disable-pip-version-check", "check")
    if strangers := unnamed_here():
        raise Trouble(f"    installed, and in no pinned file: {', '.join(strangers)}")


def panel_types() -> None:
    """The panel by the API's description, where it can be known without asking npm for anything."""
    if panel.LOCK_STAMP.exists():
        panel.check()
    else:
        say("  ! the panel is not checked: make panel brings what that needs")


def long_files() -> list[Path]:
    """Source files over the length that style asks for: a word, not a failure."""
    folders = [*present_packages().values(), ROOT / "deploy"]
    paths = sorted(path for folder in folders for path in folder.rglob("*.py") if "tests" not in path.parts)
    return [path.relative_to(ROOT) for path in paths if len(path.read_text().splitlines()) > LONGEST_FILE]


if __name__ == "__main__":
    sys.exit(main())
