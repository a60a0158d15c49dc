"""Lists of templates and campaigns: newest or oldest first, and how many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.store import named_pages as store
from campaigns.usecases.views import Answer
from chassis import pages
from chassis.database import Session
from contracts.lists import NEWEST


def page(
    session: Session,
    query: Any,
    model: Any,
    view: Callable[[Any], Answer],
    *,
    limit: int,
    cursor: str | None,
    sort: str,
) -> Answer:
    """:param query: all that fit, of `model`."""
    beyond = pages.position_in_time(cursor)
    rows = store.page(session, query, model, beyond=beyond, limit=limit + 1, newest_first=sort == NEWEST)
    shown = pages.page_in_time(rows, limit, view)
    if cursor is not None:
        return {**shown, **pages.unsaid()}
    return {**shown, **pages.counted(store.count(session, query, model, most=pages.COUNTED_MOST + 1))}
