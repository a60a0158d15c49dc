"""Schemathesis walks every operation of the live description with all of its checks, and finds nothing.

What is called as whom, and the two kinds of failure that are let through: callers.py. A deeper run: `make fuzz`.
"""

import subprocess

import sweep

SEED, EXAMPLES, SHARE, SECONDS = 20261124, 1, 80, 1500


def test_every_operation_answers_as_it_is_described(environ, tmp_path):
    surroundings = sweep.surroundings(environ, share=SHARE)
    words = [*sweep.command(environ, examples=EXAMPLES, seed=SEED), "--no-color"]

    # In a folder of their own: Schemathesis remembers failures where it runs, and would begin with those of others.
    logs = [tmp_path / f"half-{number}.log" for number in range(len(sweep.HALVES))]
    halves = [
        subprocess.Popen(
            [*words, *half], env=surroundings, cwd=tmp_path, stdout=log.open("w"), stderr=subprocess.STDOUT
        )
        for half, log in zip(sweep.HALVES, logs, strict=True)
    ]
    ended = [half.wait(timeout=SECONDS) for half in halves]

    assert ended == [0, 0], "\n".join(log.read_text()[-10_000:] for log in logs)
