"""What an HTTP carrier sends us: an answer, or a receipt or message at our door; read by paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

MOST_BODY = 64 * 1024  # of an answer; what is longer is no answer to one message


def parsed(octets: bytes) -> Any:
    """A JSON value; None for what is none."""
    try:
        return orjson.loads(octets)
    except orjson.JSONDecodeError:
        return None


def at(document: Any, path: str) -> str:
    """The text or number at a path such as `list.0.id`; empty where there is none."""
    for step in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return ""
    if isinstance(document, bool) or not isinstance(document, str | int | float) or not path:
        return ""
    return str(document).replace("\0", "").strip()  # a database holds no NUL
