"""What stands in a provider's report, which may be of any shape: read, and as PostgreSQL can hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_TEXT = 10_000  # characters that are kept of what somebody wrote


def text_of(written: Any, most: int = MOST_TEXT) -> str | None:
    """Its first characters; None where it is no text, or empty."""
    if not isinstance(written, str):
        return None
    return written.replace("\0", "").encode("utf-8", "replace").decode()[:most] or None


def object_of(value: Any) -> Mapping[str, Any]:
    """Empty where it is none."""
    return value if isinstance(value, Mapping) else {}


def objects_of(value: Any) -> list[Mapping[str, Any]]:
    """What of a list are objects."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
