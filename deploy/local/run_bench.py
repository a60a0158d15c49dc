"""`make bench`: every benchmark; the parts alone, then whole campaigns on the whole system; at last one table of all.

python deploy/local/run_bench.py [FILE …]
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import environment
import supervision
import system
from environment import Environment
from places import PYTHON, ROOT, RUN
from progress import Trouble, give_up, say

BENCHES = ROOT / "bench"
FIGURES = RUN / "bench.jsonl"
# Not measured but tried: these are run by themselves, some for hours.
TRIALS = ("kill_", "fuzz_", "chains", "bounce_agreement", "spam_verdicts", "mail_clients", "jasmin_as_smsc")
HELPERS = ("figures", "foreign_smsc", "mail_servers", "slow_cores", "sms_peers")
# What runs on the whole system, and how often.
ON_THE_SYSTEM = {
    "campaign.py": (["sms"], ["email"]),
    "cpu_guard.py": ([],),
    "growth.py": ([], ["--channel", "email"]),
    "channel_campaigns.py": (["push"], ["rcs"]),
    "api_requests.py": ([],),
    "codes.py": ([],),
    "email_peers.py": ([],),
    "under_attack.py": ([],),
    "panel_pages.py": ([],),
}


def main(arguments: list[str]) -> None:
    every = (path for path in BENCHES.glob("[a-z]*.py") if not path.name.startswith((*TRIALS, *HELPERS)))
    wanted = [ROOT / argument for argument in arguments] or sorted(every)
    parts = [path for path in wanted if path.name not in ON_THE_SYSTEM]
    campaigns = [path for path in wanted if path.name in ON_THE_SYSTEM]
    failed = []
    RUN.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text("")
    try:
        if parts:
            with system.borrowed_servers() as environ:
                failed += [path.name for path in parts if not run(environ, path)]
        if campaigns:
            failed += on_the_system(campaigns)
    except Trouble as trouble:
        give_up(str(trouble))
    show_table()
    if failed:
        give_up(f"\nThese failed: {', '.join(failed)}")


def on_the_system(benches: list[Path]) -> list[str]:
    """Run them on the system that is up, else on one that goes down afterwards; the names of those that failed."""
    was_up = supervision.control() is not None
    if not was_up:  # the gateway looks for the panel's files when it starts
        subprocess.run([PYTHON, ROOT / "deploy/local/panel.py", "build", "--if-possible"], cwd=ROOT, check=True)
    system.up()
    try:
        environ = environment.running()
        runs = [(path, words) for path in benches for words in ON_THE_SYSTEM[path.name]]
        return [f"{path.name} {' '.join(words)}" for path, words in runs if not run(environ, path, *words)]
    finally:
        if not was_up:
            system.down()


def run(environ: Environment, path: Path, *words: str) -> bool:
    name = " ".join((path.stem, *words))
    say(f"\n── {name} {'─' * max(0, 67 - len(name))}")
    ran = subprocess.run(
        [PYTHON, path, *words], cwd=ROOT, stdin=subprocess.DEVNULL, check=False,
        env={**environ, "PYTHONUNBUFFERED": "1", "WICI_BENCH_FIGURES": str(FIGURES)},
    )  # fmt: skip
    return ran.returncode in (0, 3)  # 3: what it needs cannot be had here


def show_table() -> None:
    """Ours, a peer's, the machine's limit, ratios, CPU and memory, of every benchmark that has told of them."""
    sys.path.insert(0, str(BENCHES))
    figures = importlib.import_module("figures")
    say(f"\n── in one table, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores {'─' * 30}")
    for line in figures.table(figures.told(FIGURES)):
        say(line)


if __name__ == "__main__":
    main(sys.argv[1:])
