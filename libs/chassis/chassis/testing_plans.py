"""For tests of plans: what the planner takes for the work of a statement on tables that it believes to be full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ROWS = 10_000_000
READS_ALL = ROWS * 0.01  # what the planner takes for the work on so many rows, cpu_tuple_cost each
DISABLED = 1e10  # what PostgreSQL before 18 adds for each node of a kind that a setting turned off


def expected_cost(plan: dict[str, Any]) -> float:
    """Of the topmost node of EXPLAIN (FORMAT JSON); a table of few rows is read whole even where that is turned off."""
    return float(plan["Total Cost"]) % DISABLED


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The node and all beneath it."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)
