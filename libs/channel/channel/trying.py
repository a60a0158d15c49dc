"""A content is tried with some of its recipients before it goes to all: what fails, and for whom."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Of processor time. A hundred newsletters take half of it; of what is slower fewer are tried, and never none.
SECONDS = 1.0
MOST_FAULTS = 10


@dataclass(frozen=True)
class Fault:
    """What is wrong with a content: the field, a stable slug, a sentence for a person."""

    field: str
    code: str
    detail: str


@dataclass(frozen=True)
class Tried:
    """:ivar tried: how many recipients, from the first on. :ivar hits: places of those for whom it fails, by why."""

    tried: int
    hits: dict[Fault, list[int]]


def try_with(recipients: Sequence[Mapping[str, Any]], fault_of: Callable[[Mapping[str, Any]], Fault | None]) -> Tried:
    """:param fault_of: makes the message of one recipient, by their fields; None where nothing is wrong with it."""
    ends = time.process_time() + SECONDS
    tried, hits = 0, dict[Fault, list[int]]()
    for place, fields in enumerate(recipients):
        if tried and time.process_time() > ends:
            break
        tried += 1
        fault = fault_of(fields)
        if fault is not None and (fault in hits or len(hits) < MOST_FAULTS):
            hits.setdefault(fault, []).append(place)
    return Tried(tried, hits)
