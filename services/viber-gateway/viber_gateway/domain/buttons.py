"""What a button of ours carries, and what comes back where it is pressed: of which message, what it says."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

_OURS = "wici"


class Pressed(NamedTuple):
    """The message that the button was at, what it says, what it carries."""

    message_id: UUID
    text: str
    payload: str


def carried(message_id: str, text: str, payload: str) -> str:
    """Neither text nor payload has a line break."""
    return "\n".join((_OURS, message_id, text, payload))


def pressed(text: str | None) -> Pressed | None:
    """None: what came is no button of ours."""
    parts = (text or "").split("\n")
    if len(parts) != 4 or parts[0] != _OURS:
        return None
    try:
        return Pressed(UUID(parts[1]), parts[2], parts[3])
    except ValueError:
        return None
