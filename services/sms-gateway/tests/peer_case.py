"""What a peer does wrong, what it finds, and the play that shows it: the rows of docs/smpp-peers.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Case(NamedTuple):
    """`play` is a function of the table's own kind; `more`: settings of what it plays against."""

    does: str
    finds: str
    play: Callable[..., Any]
    more: Mapping[str, Any] = {}


class Elsewhere(NamedTuple):
    """A row that a test with a play of its own shows: `file::test`, from services/sms-gateway/tests."""

    does: str
    finds: str
    test: str
