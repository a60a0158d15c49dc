"""Cursor pages over rows in order of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from contracts.errors import Invalid


def after_of(cursor: str | None) -> UUID | None:
    """The id that a cursor stands for."""
    if not cursor:
        return None
    try:
        return UUID(cursor)
    except ValueError:
        detail = "Not a valid cursor."
        raise Invalid(
            "request.invalid", detail, None, [{"field": "cursor", "code": "cursor.invalid", "detail": detail}]
        ) from None


def page(rows: Sequence[Any], limit: int) -> dict[str, Any]:
    """A page of `limit` rows from `limit + 1`."""
    more = len(rows) > limit
    return {"items": list(rows[:limit]), "next_cursor": str(rows[limit - 1].id) if more else None}
