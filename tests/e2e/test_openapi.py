"""Schemathesis walks every operation of the live description with all of its checks, and finds nothing.

What is called as whom, and the one kind of failure that is let through: sweep/callers.py. A deeper run: `make fuzz`.
"""

import subprocess

import sweep

SEED, EXAMPLES, SECONDS = 20261124, 5, 600


def test_every_operation_answers_as_it_is_described(environ, tmp_path):
    words = sweep.command(environ, examples=EXAMPLES, seed=SEED)

    # The folder is where Schemathesis remembers failures: a run in the repository would start with those of others.
    ran = subprocess.run(
        [*words, "--no-color"], env=sweep.surroundings(environ), cwd=tmp_path, capture_output=True, text=True,
        timeout=SECONDS, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2_000:]
