"""`make clients`: clients of the API by three more generators, compiled and used; in `.run/clients/`.

openapi-generator makes them in Python and TypeScript (`typescript-fetch`), openapi-typescript the types of
openapi-fetch; `tsc --strict` looks at both, declarations of libraries included. Where a system is up, each calls ten
operations of it (`client_calls/`). The fourth, openapi-python-client, is in the tests.
Needs Java, npm and the registries of Python and npm: where these are missing it ends with 3.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from api import Api
from environment import running
from journey import Journey
from places import ROOT, RUN
from progress import say

FOLDER = RUN / "clients"
CALLS = ROOT / "deploy/local/client_calls"
GENERATOR = "openapi-generator-cli"
NPM_PACKAGES = ("openapi-typescript@7", "openapi-fetch@0.17", "typescript@5")
TSC = ("--strict", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2022,dom",
       "--module", "commonjs", "--moduleResolution", "node10", "--outDir", "js")  # fmt: skip
# A request may leave out what has a default.
TYPES = ("npx", "openapi-typescript", "openapi.json", "--default-non-nullable=false", "-o", "api.d.ts")
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
    run(*TYPES)
    run(sys.executable, "-m", "compileall", "-q", "python")
    scripts = [shutil.copy(path, FOLDER) for path in sorted(CALLS.glob("*.ts"))]
    run("npx", "tsc", *TSC, "api.d.ts", "typescript-fetch/index.ts", *(Path(script).name for script in scripts))
    say(f"  clients are in {FOLDER.relative_to(ROOT) if FOLDER.is_relative_to(ROOT) else FOLDER}, and compile")
    call()


def call() -> None:
    """Ten operations by each, in a new account of the running system."""
    environ = running()
    try:
        Api(environ["WICI_PUBLIC_URL"]).get("/healthz")
    except OSError:
        say("  nothing is up: after `make up` they are called, too")
        return
    journey = Journey(environ)
    journey.prepare()
    url, token = environ["WICI_PUBLIC_URL"], journey.api.token or ""
    libraries = FOLDER / "python-libraries"
    if not libraries.is_dir():
        wanted = ("--target", str(libraries), "-r", "python/requirements.txt")
        run(sys.executable, "-m", "pip", "install", "--quiet", *wanted, missing=True)
    known = {"PYTHONPATH": f"python:{libraries}", "WICI_URL": url, "WICI_TOKEN": token}
    run(sys.executable, str(CALLS / "generated_python.py"), url, token, environ=known)
    for name in ("typescript_fetch", "openapi_fetch"):
        run("node", "--unhandled-rejections=strict", f"js/{name}.js", environ=known)
    say("  each called ten operations")


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


def run(*command: str, missing: bool = False, environ: Mapping[str, str] | None = None) -> None:
    """:param missing: what fails is not there to be had, and no fault of the description."""
    known = {**os.environ, **(environ or {})}
    done = subprocess.run(command, cwd=FOLDER, env=known, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"{' '.join(command)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        sys.exit(MISSING if missing else 1)


if __name__ == "__main__":
    main()
