"""What a customer calls a message, and who handed it in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

MOST = 200  # characters of a label
MOST_TAGS = 10


class Kind(IntEnum):
    """In the order of how few messages share one."""

    EXTERNAL_ID = 1
    SUBJECT = 2
    TAG = 3
    SUBMITTER = 4
    TEST_OF = 5


class Label(NamedTuple):
    kind: Kind
    text: str


def labels_of(told: Any) -> list[Label]:
    """The labels that an event tells of; of what has not their form, none."""
    if not isinstance(told, Mapping):
        return []
    tags = told.get("tags")
    given = [(Kind.EXTERNAL_ID, told.get("external_id")), (Kind.SUBJECT, told.get("subject"))]
    given += [(Kind.TAG, tag) for tag in (tags[:MOST_TAGS] if isinstance(tags, list) else [])]
    given += [(Kind.SUBMITTER, told.get("submitter_id")), (Kind.TEST_OF, told.get("test_of"))]
    return [label(kind, each) for kind, each in given if isinstance(each, str) and each.strip()]


def label(kind: Kind, written: str) -> Label:
    """As it is kept and looked for: a subject in whatever letters."""
    kept = " ".join(written.replace("\0", "").split())[:MOST]
    return Label(kind, kept.lower() if kind is Kind.SUBJECT else kept)
