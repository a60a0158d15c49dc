"""What is asked of a simulated provider by HTTP, and what it answers."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    version: str  # "1.1" or "2"


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_lost: bool = False
    raw: bytes | None = None  # in place of all else, and then the connection ends
    hangs: bool = False  # nothing is said, and the connection stays


def as_json(status: int, value: Any, **headers: str) -> Response:
    return Response(status, orjson.dumps(value), {"content-type": "application/json", **headers})


LOST = Response(0, is_lost=True)


def jwt_part(token: str, place: int) -> dict[str, Any]:
    """:raises ValueError, IndexError: not a JWT."""
    encoded = token.split(",")[0].split(".")[place]
    found = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    if not isinstance(found, dict):
        raise ValueError("a part of a JWT is an object")
    return found
