"""The short form of `make chaos`: half a minute of faults on a system of its own, and the books agree."""

import subprocess
import sys
from pathlib import Path

CHAOS = Path(__file__).parent


def test_the_books_agree_after_half_a_minute_of_faults():
    told = subprocess.run(
        [sys.executable, CHAOS, "--minutes", "0.5", "--seed", "11", "--people", "300"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip

    assert told.returncode == 0, f"{told.stdout[-6000:]}\n{told.stderr[-6000:]}"
    assert "the books agree" in told.stdout
