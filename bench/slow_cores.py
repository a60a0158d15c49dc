"""Processes that may use a part of a core each: what several of them add is seen where there are few cores.

Where one has the whole core that another wants, two bring little more than one, and nothing is learnt of what they wait for of
one another: rows, locks, leases. Held to a fifth of a core, they leave the rest to the servers that they share, and two that
are in nobody's way do twice as much as one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
PERIOD_US = 10_000  # so short that a process is never away for long
LEAST_US = 1_000  # the kernel takes no less


@contextmanager
def held(pids: Sequence[int], share: float | None) -> Iterator[None]:
    """Each process, with what it has started and will start, has at most that share of a core; None: whatever there is.

    :raises OSError: control groups cannot be made, which takes root.
    """
    groups: list[Path] = []
    try:
        if share is not None:
            for number, pid in enumerate(pids):
                groups.append(_group(f"wici-bench-{os.getpid()}-{number}", share))
                for each in (pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))):
                    (groups[-1] / "cgroup.procs").write_text(str(each))
        yield
    finally:
        for group in groups:
            _remove(group)


def _group(name: str, share: float) -> Path:
    quota = max(LEAST_US, int(share * PERIOD_US))
    if (CGROUPS / "cgroup.controllers").exists():  # version 2
        (CGROUPS / "cgroup.subtree_control").write_text("+cpu")
        (group := CGROUPS / name).mkdir()
        (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        return group
    (group := CGROUPS / "cpu" / name).mkdir()
    (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    (group / "cpu.cfs_quota_us").write_text(str(quota))
    return group


def _remove(group: Path) -> None:
    """What still runs in it goes on outside."""
    for pid in (group / "cgroup.procs").read_text().split():
        try:
            (group.parent / "cgroup.procs").write_text(pid)
        except OSError:
            continue  # it has just ended
    group.rmdir()
