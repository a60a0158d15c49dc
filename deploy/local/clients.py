"""`make clients`: clients of the API by three more generators, compiled; in `.run/clients/`.

openapi-generator makes them in Python and TypeScript (`typescript-fetch`), openapi-typescript the types of a fetch;
`tsc --strict` looks at both, declarations of libraries included. The fourth, openapi-python-client, is in the tests.
Needs Java, npm and the registries of Python and npm: where these are missing it ends with 3.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from places import ROOT, RUN
from progress import say

FOLDER = RUN / "clients"
GENERATOR = "openapi-generator-cli"
NPM_PACKAGES = ("openapi-typescript@7", "typescript@5")
TSC = ("--strict", "--noEmit", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2022,dom",
       "--module", "node16", "--moduleResolution", "node16")  # fmt: skip
MISSING = 3


def main() -> None:
    for tool in ("java", "npm"):
        if shutil.which(tool) is None:
            say(f"  {tool} is not here")
            sys.exit(MISSING)
    FOLDER.mkdir(parents=True, exist_ok=True)
    describe(FOLDER / "openapi.json")
    jar = installed_generator()
    install_node_tools()
    for language in ("python", "typescript-fetch"):
        run("java", "-Xmx1g", "-jar", str(jar), "generate", "-i", "openapi.json", "-g", language, "-o", language)
    run("npx", "openapi-typescript", "openapi.json", "-o", "api.d.ts")
    run(sys.executable, "-m", "compileall", "-q", "python")
    run("npx", "tsc", *TSC, "api.d.ts")
    run("npx", "tsc", *TSC, "typescript-fetch/index.ts")
    say(f"  clients are in {FOLDER.relative_to(ROOT) if FOLDER.is_relative_to(ROOT) else FOLDER}, and compile")


def describe(path: Path) -> None:
    """The description as the gateway serves it."""
    from api_gateway import openapi
    from api_gateway.routes import all_routes

    description = openapi.describe(all_routes(), "http://127.0.0.1:8000", "0.1.0")
    path.write_text(json.dumps(description, default=str), "utf-8")


def installed_generator() -> Path:
    target = FOLDER / "generator"
    if not list(target.rglob("*.jar")):
        run(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), GENERATOR, missing=True)
    return next(target.rglob("*.jar"))


def install_node_tools() -> None:
    if not (FOLDER / "node_modules").is_dir():
        run("npm", "install", "--silent", "--no-save", "--prefix", ".", *NPM_PACKAGES, missing=True)


def run(*command: str, missing: bool = False) -> None:
    """:param missing: what fails is not there to be had, and no fault of the description."""
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"{' '.join(command)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        sys.exit(MISSING if missing else 1)


if __name__ == "__main__":
    main()
