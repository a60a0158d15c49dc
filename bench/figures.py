"""What a benchmark has measured, told so that `make bench` can put all of it into one table."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = "WICI_BENCH_FIGURES"
WIDTH = 46


@dataclass(frozen=True)
class Figure:
    """One row.

    :ivar ours: in `unit`: "/s" where more is better; a time ("s", "ms", "µs") where less is.
    :ivar peer: another program's figure of the same, with its name. :ivar limit: what the machine can at most, bare.
    :ivar cpu: microseconds of the processor for each of them, by process. :ivar megabytes: at the peak, of the largest.
    """

    what: str
    unit: str
    ours: float
    peer: tuple[str, float] | None = None
    limit: tuple[str, float] | None = None
    cpu: Mapping[str, float] = field(default_factory=dict)
    megabytes: float | None = None


def tell(figure: Figure) -> None:
    """For the table; by itself a benchmark says it in its own words."""
    if path := os.environ.get(FILE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(figure), ensure_ascii=False) + "\n")


def told(path: Path) -> list[Figure]:
    return [Figure(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def table(figures: list[Figure]) -> list[str]:
    """Ours beside a peer's and the limit; a ratio above 1 says that ours is better, whatever the unit."""
    head = f"{'':<{WIDTH}}{'ours':>14}{'peer':>26}{'ratio':>7}{'limit':>26}{'ratio':>7}{'µs CPU':>9}{'MB':>7}"
    lines = [head, "─" * len(head)]
    for one in figures:
        cpu = f"{sum(one.cpu.values()):,.0f}" if one.cpu else ""
        memory = f"{one.megabytes:,.0f}" if one.megabytes else ""
        lines.append(
            f"{one.what:<{WIDTH}}{_amount(one.ours, one.unit):>14}{_beside(one, one.peer)}{_beside(one, one.limit)}"
            f"{cpu:>9}{memory:>7}"
        )
        if len(one.cpu) > 1:
            most = sorted(one.cpu.items(), key=lambda pair: -pair[1])
            lines.append("    µs: " + ", ".join(f"{name} {micro:,.0f}" for name, micro in most if micro >= 1))
    return lines


def _beside(one: Figure, other: tuple[str, float] | None) -> str:
    if other is None:
        return f"{'':>26}{'':>7}"
    name, value = other
    ratio = one.ours / value if one.unit.endswith("/s") else value / one.ours
    return f"{f'{name} {_amount(value, one.unit)}':>26}{ratio:>7.2f}"


def _amount(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".replace(" /s", "/s")
