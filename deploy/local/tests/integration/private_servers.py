"""Servers of a folder's own, started and ended by code that runs as the local system's does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from places import ROOT

STOP = "import postgres, rabbitmq; rabbitmq.stop(); postgres.stop()"


def run(code: str, folder: Path, *arguments: object) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WICI_") and "_URL" not in key}
    ran = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], env={**kept, "WICI_RUN": str(folder)},
        cwd=ROOT / "deploy/local", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
