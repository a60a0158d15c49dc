"""Pages of templates and campaigns by when they were made, and how many there are.

Ids are in no order where they were derived from a request's key, so a page begins after a time and an id.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session


def page(
    session: Session,
    query: Select[Any],
    model: Any,
    *,
    beyond: tuple[datetime, UUID] | None,
    limit: int,
    newest_first: bool,
) -> Sequence[Any]:
    """:param beyond: where the page before ended."""
    place = tuple_(model.created_at, model.id)
    if beyond is not None:
        query = query.where(place < beyond if newest_first else place > beyond)
    order = (model.created_at, model.id)
    return session.scalars(
        query.order_by(*(each.desc() if newest_first else each for each in order)).limit(limit)
    ).all()


def count(session: Session, query: Select[Any], model: Any, *, most: int) -> int:
    """How many fit, counted to `most`."""
    some = query.with_only_columns(model.id).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0
