"""Lists of what an account has named itself: words of the name, newest or oldest first, and how many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.database import Session
from chassis.words import patterns
from contacts.store import named_pages as store
from contacts.usecases.views import View
from contracts.lists import NEWEST


def page(
    session: Session,
    table: str,
    *,
    account_id: UUID,
    limit: int,
    cursor: str | None,
    q: str | None,
    sort: str,
    view: Callable[[Any], View] = dict,
    **narrowed: Any,
) -> View:
    """:param narrowed: `name`, `where` and `parameters`, as the store takes them."""
    asked: dict[str, Any] = {"account_id": account_id, "words": patterns(q), **narrowed}
    after = pages.position(cursor)
    rows = store.page(session, table, **asked, after=after, limit=limit + 1, newest_first=sort == NEWEST)
    shown = pages.page(rows, limit, view)
    if cursor is not None:
        return {**shown, **pages.unsaid()}
    return {**shown, **pages.counted(store.count(session, table, **asked, most=pages.COUNTED_MOST + 1))}
