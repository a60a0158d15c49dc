"""What a message costs of the processor, beside what it cost when `bench/cpu.json` was written: a warning, never a failure.

    make up && .venv/bin/python bench/cpu_guard.py            # --write: these figures from now on

A short campaign by SMS on the running system. Not its time is compared, which other work on the machine makes longer,
but microseconds of the processor a message, by process; `tests/e2e/test_cpu.py` does the same in CI. Machines differ, and
one differs from itself by the hour: so the table also says how long some known work took then, and is scaled by it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Table:
    """What `bench/cpu.json` says: microseconds a message by process, and of the known work on the same machine then."""

    costs: Mapping[str, float]
    pace: float

    @classmethod
    def read(cls) -> Table:
        return cls(**json.loads(TABLE.read_text()))

    def at(self, pace: float) -> dict[str, float]:
        """The same costs on a machine, or in an hour, in which the known work takes so long."""
        return {name: micro * pace / self.pace for name, micro in self.costs.items()}


def pace() -> float:
    """Microseconds of the processor that some known work takes: text, dictionaries and octets, as a message does."""
    return min(_round() for _ in range(10)) * 1e6


def _round() -> float:
    began = time.process_time()
    for number in range(500):
        row = {"id": f"{number:08x}", "to": f"+48{500_000_000 + number}", "text": "Zażółć gęślą jaźń " * 4}
        zlib.crc32(json.dumps(json.loads(json.dumps(row))).encode())
    return (time.process_time() - began) / 500


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
    """What costs over 15 % more than the table, scaled to this machine, says; in words."""
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
    found, now = measured(journey, group_id, roots(environ), options.messages), pace()
    table = Table.read().at(now)
    print(f"known work: {now:.1f} µs here, {Table.read().pace:.1f} where the table was written")
    for name, micro in sorted(found.items(), key=lambda pair: -pair[1]):
        print(f"{name:<26}{micro:>8.1f} µs{table.get(name, 0.0):>10.1f} µs by the table")
    for words in dearer(found, table):
        print(f"WARNING  {words}")
    if options.write:
        kept = {name: micro for name, micro in sorted(found.items()) if micro >= LEAST_MICROSECONDS}
        TABLE.write_text(json.dumps({"pace": round(now, 1), "costs": kept}, indent=2) + "\n")


if __name__ == "__main__":
    main()
