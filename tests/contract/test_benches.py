"""The benchmarks that ask a part by its functions or its RPC still run: these change, and nobody types them daily."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("database_url", "amqp_url")

ROOT = Path(__file__).parents[2]
SHORT = (
    ("contact_lists.py", "--rows", "2000"),
    ("ingester.py", "--messages", "2000", "--processes", "1"),
    ("logins.py", "--attempts", "60", "--processes", "1"),
    ("message_log.py", "--messages", "50000", "--runs", "1"),
    ("segments.py", "--contacts", "2000"),
)


@pytest.mark.parametrize("benchmark", SHORT, ids=lambda benchmark: benchmark[0].removesuffix(".py"))
def test_a_benchmark_runs_to_its_end(benchmark: tuple[str, ...], tmp_path: Path) -> None:
    name, *options = benchmark

    ran = subprocess.run(
        [sys.executable, ROOT / "bench" / name, *options], cwd=ROOT, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, "WICI_BENCH_FIGURES": str(tmp_path / "figures")},
    )  # fmt: skip

    # Whether it is fast enough, or holds against an attack on a busy machine, is not asked here.
    assert "Traceback" not in ran.stderr and ran.stdout, f"{ran.stdout}\n{ran.stderr}"[-4000:]
