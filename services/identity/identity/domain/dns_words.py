"""DNS records that a sender domain lacks, in words for whoever keeps its DNS and may never have heard of us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class _Words(NamedTuple):
    record: str
    name: str
    value: str
    nothing: str
    instead: str
    several: str
    doubled: str


_PL = _Words(
    record="Wpis", name="Nazwa", value="Wartość",
    nothing="Teraz: nie ma go.", instead="Teraz jest tam co innego:", several="Teraz jest kilka, a ma być jeden:",
    doubled="Teraz: stoi pod nazwą, do której formularz sam dopisał domenę jeszcze raz.",
)  # fmt: skip
_EN = _Words(
    record="Record", name="Name", value="Value",
    nothing="Now: there is none.", instead="Now there is something else:",
    several="Now there are several, make them one:",
    doubled="Now: it is under a name to which the form has added the domain once more.",
)  # fmt: skip


def in_words(records: Iterable[Mapping[str, Any]], language: str) -> str:
    """A paragraph for each.

    :param records: `type`, `name`, `value`, `problem` (a code of email-gateway's advice), and `seen` in its place.
    """
    words = _EN if language.lower().startswith("en") else _PL
    return "\n\n".join(_one(record, words) for record in records)


def _one(record: Mapping[str, Any], words: _Words) -> str:
    lines = [
        f"{words.record}: {record['type']}", f"{words.name}: {record['name']}", f"{words.value}: {record['value']}",
    ]  # fmt: skip
    problem, seen = record["problem"], record["seen"]
    if problem == "record.doubled_name":
        lines.append(words.doubled)
    elif problem == "record.missing" or not seen:
        lines.append(words.nothing)
    else:
        told = words.several if problem == "record.several" else words.instead
        lines += [told, *(f"  {value}" for value in seen)]
    return "\n".join(lines)
