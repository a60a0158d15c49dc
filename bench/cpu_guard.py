"""What a message costs of the processor, beside what it cost when `bench/cpu.json` was written: a warning, never a failure.

    make up && .venv/bin/python bench/cpu_guard.py            # --write: these figures from now on

A short campaign by SMS on the running system. Not its time is compared, which other work on the machine makes longer,
but microseconds of the processor a message, by process; `tests/e2e/test_cpu.py` does the same in CI.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy/local")]

from campaign import TEXT, Meter, prepared, roots
from environment import running
from journey import Journey

TABLE = HERE / "cpu.json"
MESSAGES = 5_000
MOST = 1.15
# A process of less than this is not looked at by itself: the kernel counts in hundredths of a second.
LEAST_MICROSECONDS = 20.0


def before() -> dict[str, float]:
    """The table; empty until it has been written."""
    return dict(json.loads(TABLE.read_text())) if TABLE.exists() else {}


def measured(journey: Journey, group_id: str, pids: dict[str, int], messages: int = MESSAGES) -> dict[str, float]:
    """Microseconds a message, by process, of a campaign to that many people; `all` is their sum."""
    campaign_id = journey.sms_campaign(group_id, text=TEXT)
    with Meter(pids) as meter:
        journey.schedule(campaign_id)
        journey.wait_sent(campaign_id)
        journey.wait_settled(campaign_id)
    spent = {name: usage.cpu / messages * 1e6 for name, usage in meter.usages.items()}
    return {name: round(micro, 1) for name, micro in {**spent, "all": sum(spent.values())}.items()}


def dearer(found: Mapping[str, float], table: Mapping[str, float]) -> list[str]:
    """What costs over 15 % more than the table says, in words."""
    return [
        f"{name}: {found[name]:.0f} µs a message, {found[name] / then - 1:+.0%} to bench/cpu.json"
        for name, then in table.items()
        if then >= LEAST_MICROSECONDS and found.get(name, 0.0) > MOST * then
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    environ = running()
    journey, group_id, _ = prepared(environ, options.messages)
    measured(journey, group_id, roots(environ), options.messages)  # caches, leases, the first pages of tables
    found, table = measured(journey, group_id, roots(environ), options.messages), before()
    for name, micro in sorted(found.items(), key=lambda pair: -pair[1]):
        print(f"{name:<26}{micro:>8.1f} µs{table.get(name, 0.0):>10.1f} µs in the table")
    for words in dearer(found, table):
        print(f"WARNING  {words}")
    if options.write:
        kept = {name: micro for name, micro in found.items() if micro >= LEAST_MICROSECONDS}
        TABLE.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n")


if __name__ == "__main__":
    main()
