"""`make soak`: hours of a customer's traffic in minutes; no process may grow, and at last the books are compared.

python tests/chaos/soak.py [--minutes 10] [--people 20000]

The load of the storm (campaigns and single messages on every channel, imports, a webhook) without its faults, at
providers that answer at once. Meanwhile memory, open files and threads of each process are noted. The first third of
the time is for caches and pools to fill; between the middles of the other two nothing may have grown by more than
`ROOM`. Ends with 1 where something did, or where the books differ.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "deploy/local"), str(HERE.parent), str(HERE)]
import load  # noqa: E402
import psutil  # noqa: E402
from storm import SETTINGS, prepared, say, settled, tell, victims, webhook  # noqa: E402
from whole_system import ALL_AT_HOME, running_system  # noqa: E402

SAMPLE_SECONDS = 5.0
LEAST_SAMPLES = 9
AN_ORDINARY_DAY = 720_000  # messages: eight hours at 25 a second
QUICK_CARRIER = {"response_delay": 0.0, "receipt_delay": 0.1, "rate": 1_000_000}
QUICK_MAILBOXES = {"delay_ms": 0, **ALL_AT_HOME}


@dataclass(frozen=True)
class Footprint:
    """What one process and its children hold at a moment: megabytes resident, open files, threads."""

    megabytes: float
    files: float
    threads: float


# Less than that is no growth: one more arena of the allocator, a connection that a pool has opened once more.
ROOM = Footprint(megabytes=8.0, files=6.0, threads=3.0)
SHARE = 0.05


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="wici-soak-"))
    try:
        with running_system("chaos", SETTINGS) as system:
            return _soak(system, options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of traffic; settling and counting come on top")
    parser.add_argument("--people", type=int, default=20_000, help="in the list that campaigns by SMS and e-mail go to")
    return parser.parse_args()


def _soak(system, options, folder: Path) -> int:
    journey, accepted = prepared(system, folder, options.people)
    journey.simulators.smsc.post("/settings", QUICK_CARRIER)
    journey.simulators.mailbox.post("/settings", QUICK_MAILBOXES)
    say(f"{options.minutes:g} minutes, campaigns to {options.people:,} people")
    with webhook(journey, accepted):
        with load.under_load(journey, accepted, folder) as broken:
            noted = _noted(system, options.minutes * 60)
        say("settling …")
        found = settled(journey, accepted, system, broken)
    grown = growth(noted)
    show(noted)
    found.expect("processes that grew", grown)
    messages = found.figures["campaign messages"] + found.figures["single messages"]
    say(f"\n{messages:,} messages: {messages / AN_ORDINARY_DAY:.1f} days of eight hours at 25 a second")
    return tell(found, accepted)


def _noted(system, seconds: float) -> dict[str, list[Footprint]]:
    """A footprint of each process every few seconds, for so long."""
    pids = {name: pid for name, pid in system.pids().items() if name in victims(system)}
    noted: dict[str, list[Footprint]] = {name: [] for name in pids}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(SAMPLE_SECONDS)
        for name, pid in pids.items():
            noted[name].append(footprint(pid))
    return noted


def footprint(pid: int) -> Footprint:
    """Of that process and its children; raises `psutil.NoSuchProcess` where it has ended, which none may here."""
    root, megabytes, files, threads = psutil.Process(pid), 0.0, 0.0, 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            with process.oneshot():
                megabytes += process.memory_info().rss / 1e6
                files += process.num_fds()
                threads += process.num_threads()
        except psutil.NoSuchProcess:
            continue  # a child that has just done its work
    return Footprint(megabytes, files, threads)


def thirds(samples: Sequence[Footprint]) -> tuple[Footprint, Footprint]:
    """The middle of the second and of the last third, each part by itself."""
    size = len(samples) // 3
    second, last = samples[size : 2 * size], samples[2 * size :]
    return _middle(second), _middle(last)


def _middle(samples: Sequence[Footprint]) -> Footprint:
    return Footprint(*(statistics.median(getattr(one, name) for one in samples) for name in vars(ROOM)))


def growth(noted: Mapping[str, Sequence[Footprint]]) -> list[str]:
    """What each process has more of in the last third than in the second, where it is more than `ROOM` and a share."""
    if any(len(samples) < LEAST_SAMPLES for samples in noted.values()):
        raise ValueError(f"fewer than {LEAST_SAMPLES} samples say nothing of growth")
    grown = []
    for name, samples in noted.items():
        second, last = thirds(samples)
        for what, room in vars(ROOM).items():
            before, after = getattr(second, what), getattr(last, what)
            if after - before > max(room, SHARE * before):
                grown.append(f"{name}: {before:,.0f} → {after:,.0f} {what}")
    return grown


def show(noted: Mapping[str, Sequence[Footprint]]) -> None:
    """Each process at first, in the middle of the second third and of the last."""
    say(f"\n{'MB, open files, threads':<30}{'at first':>18}{'second third':>18}{'last third':>18}")
    for name, samples in noted.items():
        columns = (samples[0], *thirds(samples))
        say(f"{name:<30}" + "".join(f"{_brief(one):>18}" for one in columns))


def _brief(one: Footprint) -> str:
    return f"{one.megabytes:,.0f} {one.files:,.0f} {one.threads:,.0f}"


if __name__ == "__main__":
    sys.exit(main())
