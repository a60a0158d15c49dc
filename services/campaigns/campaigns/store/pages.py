"""Cursors of lists: newest first, by the time and id of the last row seen."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session

from contracts.errors import Invalid

R = TypeVar("R")


class Page(NamedTuple):
    items: Sequence[Any]
    next_cursor: str | None


def encode(created_at: datetime, row_id: UUID) -> str:
    return urlsafe_b64encode(f"{created_at.isoformat()} {row_id}".encode()).decode()


def decode(cursor: str) -> tuple[datetime, UUID]:
    """:raises Invalid: it is not a cursor that `encode` made."""
    try:
        moment, row_id = urlsafe_b64decode(cursor.encode("ascii")).decode("ascii").split(" ")
        created_at = datetime.fromisoformat(moment)
        if created_at.tzinfo is None:
            raise ValueError("a cursor's time has an offset")
        return created_at, UUID(row_id)
    except ValueError:
        error: Any = {"field": "cursor", "code": "cursor.invalid", "detail": "Not a valid cursor."}
        raise Invalid("cursor.invalid", "The cursor is not one of ours.", None, [error]) from None


def newest_first(session: Session, query: Select[Any], model: Any, limit: int, cursor: str | None) -> Page:
    """One page of `query` over `model`, which has `created_at` and `id`."""
    if cursor is not None:
        query = query.where(tuple_(model.created_at, model.id) < decode(cursor))
    rows = session.scalars(query.order_by(model.created_at.desc(), model.id.desc()).limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], encode(last.created_at, last.id))
