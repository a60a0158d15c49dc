"""Cursors as they are given out: each is of one list, and another list refuses it.

A service's own cursor is a place (`chassis.pages`), which would lead somewhere in any list. Four characters at its end
say of which list it is; they are no secret, only what tells a mistake.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

from api_gateway.routing import Route
from contracts.errors import Invalid

MARK = 4


def given(route: Route, payload: dict[str, Any], cursor: str) -> str:
    """A service's cursor, as the answer has it."""
    return cursor + _mark(route, payload)


def taken(route: Route, payload: dict[str, Any], cursor: str) -> str:
    """The service's cursor of what a client sent. :raises Invalid: `cursor.invalid`, of another list or made up."""
    if len(cursor) <= MARK or cursor[-MARK:] != _mark(route, payload):
        raise Invalid.of_field("cursor", "cursor.invalid", "Not a cursor of this list.")
    return cursor[:-MARK]


def _mark(route: Route, payload: dict[str, Any]) -> str:
    path = [route.template, *(str(payload[name]) for name in route.path_parameters)]
    return urlsafe_b64encode(sha256("\0".join(path).encode()).digest()[: MARK * 3 // 4]).decode()
