"""`make bench`: every benchmark; the parts alone, then whole campaigns on the whole system.

python deploy/local/run_bench.py [FILE …]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import environment
import supervision
import system
from environment import Environment
from places import PYTHON, ROOT
from progress import Trouble, give_up, say

BENCHES = ROOT / "bench"
# What runs on the whole system, and how often.
ON_THE_SYSTEM = {"campaign.py": (["sms"], ["email"]), "api_requests.py": ([],), "under_attack.py": ([],)}


def main(arguments: list[str]) -> None:
    wanted = [ROOT / argument for argument in arguments] or sorted(BENCHES.glob("[a-z]*.py"))
    parts = [path for path in wanted if path.name not in ON_THE_SYSTEM]
    campaigns = [path for path in wanted if path.name in ON_THE_SYSTEM]
    failed = []
    try:
        if parts:
            with system.borrowed_servers() as environ:
                failed += [path.name for path in parts if not run(environ, path)]
        if campaigns:
            failed += on_the_system(campaigns)
    except Trouble as trouble:
        give_up(str(trouble))
    if failed:
        give_up(f"\nThese failed: {', '.join(failed)}")


def on_the_system(benches: list[Path]) -> list[str]:
    """Run them on the system that is up, else on one that goes down afterwards; the names of those that failed."""
    was_up = supervision.control() is not None
    system.up()
    try:
        environ = environment.running()
        runs = [(path, words) for path in benches for words in ON_THE_SYSTEM[path.name]]
        return [f"{path.name} {' '.join(words)}" for path, words in runs if not run(environ, path, *words)]
    finally:
        if not was_up:
            system.down()


def run(environ: Environment, path: Path, *words: str) -> bool:
    say(f"\n── {path.stem} {' '.join(words)} {'─' * max(0, 66 - len(path.stem) - sum(map(len, words)))}")
    return (
        subprocess.run([PYTHON, path, *words], cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, check=False).returncode
        == 0
    )


if __name__ == "__main__":
    main(sys.argv[1:])
