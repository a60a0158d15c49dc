"""Sweep the whole described API of a running system with made-up requests: `make fuzz EXAMPLES=50`.

python tests/sweep/sweep.py [EXAMPLES [SEED]]
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
LOCAL = HERE.parents[1] / "deploy/local"
PHASES = "examples,coverage,fuzzing,stateful"
# Two processes side by side, each with about half of the cases; links do not lead from one half to the other.
_LISTS = r"^/v1/(campaigns|templates|contacts|contact-fields|groups|segments|imports|exports|archive|forms)\b"
HALVES = (("--include-path-regex", _LISTS), ("--exclude-path-regex", _LISTS))


def command(environ: Mapping[str, str], *, examples: int, seed: int | None = None) -> list[str]:
    words = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{environ['WICI_PUBLIC_URL']}/v1/openapi.json"),
        *("--checks", "all", "--phases", PHASES, "--max-examples", str(examples)),
    ]
    return [*words, "--seed", str(seed)] if seed is not None else words


def surroundings(environ: Mapping[str, str], *, share: int = 1) -> dict[str, str]:
    """The environment of Schemathesis: the system's own, and where it finds the hooks.

    :param share: of every second kind of systematic case of an operation the first is kept, and every `share`th of all.
    """
    path = os.pathsep.join((str(HERE), str(LOCAL)))
    return {**environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "SWEEP_SHARE": str(share)}


def main() -> int:
    given = [int(word) for word in sys.argv[1:] if word]
    words = command(os.environ, examples=given[0] if given else 50, seed=given[1] if len(given) > 1 else None)
    return subprocess.run(words, env=surroundings(os.environ), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
