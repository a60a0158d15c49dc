"""Which parts of long messages from phones make one message, and which of them were delivered twice.

Parts of one phone, number, reference and total come here together. The reference is the phone's own (3GPP TS 23.040
section 9.2.3.24): it comes round, and some phones never change it, so that parts of two messages may be among them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Segment:
    """A part: `id` rises with its arrival, `number` counts from 1, `at` is in seconds."""

    id: UUID
    number: int
    octets: bytes
    data_coding: int
    esm_class: int
    at: float

    @property
    def content(self) -> tuple[int, bytes]:
        """What two deliveries of the same part have alike."""
        return self.number, self.octets


@dataclass(frozen=True)
class Joined:
    """A message: its parts by their number, and the numbers of those that never came."""

    segments: Sequence[Segment]
    missing: Sequence[int]


def join(
    segments: Collection[Segment], known: Collection[tuple[int, bytes]], *, total: int, came_by: float
) -> tuple[list[Joined], list[Segment]]:
    """The messages that are whole or have waited for long enough, and the parts that are repeated and not needed.

    A message has one part of each number, the earliest that repeats none. A repeated part is taken where there is no
    other, since the next message may begin with the same words; a message of repeated parts alone is none.

    :param known: `Segment.content` of the parts that were joined lately. :param came_by: what came until then has
        waited long enough for the parts that are missing.
    """
    left, seen = list(segments), set(known)
    messages: list[Joined] = []
    repeated: list[Segment] = []
    while chosen := _one_of_each(left, seen):
        new = [each for each in chosen if each.content not in seen]
        if new and (len(chosen) == total or any(each.at <= came_by for each in new)):
            messages.append(Joined(chosen, sorted(set(range(1, total + 1)) - {each.number for each in chosen})))
            gone = chosen
        else:
            gone = [] if new else [each for each in chosen if len(chosen) == total or each.at <= came_by]
            repeated += gone
        if not gone:
            break
        seen |= {each.content for each in gone}
        left = [each for each in left if each not in gone]
    return messages, repeated


def _one_of_each(segments: Collection[Segment], seen: Collection[tuple[int, bytes]]) -> list[Segment]:
    by_number: dict[int, Segment] = {}
    for each in sorted(segments, key=lambda one: (one.content in seen, one.id)):
        by_number.setdefault(each.number, each)
    return [by_number[number] for number in sorted(by_number)]
