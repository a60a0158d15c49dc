"""Pages of lists and their cursors, the same for every list of every service.

    rows = store.groups(session, account_id=…, after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.group)

A cursor stands for the id of the last item shown. A list asks its store for one row more than it shows: only where
that row is there does `next_cursor` lead on, so no client is sent to an empty page.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from contracts.errors import Invalid

Page = dict[str, Any]


def position(cursor: str | None) -> UUID | None:
    """The id that `cursor` stands for; None for the first page. :raises Invalid: `cursor.invalid`, it is no cursor."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=True))
    except ValueError:
        raise Invalid.of_field("cursor", "cursor.invalid", "Not a cursor of this list.") from None


def cursor_at(item_id: UUID | str) -> str:
    """The cursor of the page that begins after the item: 22 characters."""
    return urlsafe_b64encode(UUID(str(item_id)).bytes).rstrip(b"=").decode()


def page(rows: Sequence[Any], limit: int, view: Callable[[Any], Any] = dict, key: str = "id") -> Page:
    """One page of at most `limit` items, each as `view` shows a row.

    :param rows: one more than `limit` where there are more.
    :param key: the name of the item's id.
    """
    items = [view(row) for row in rows[:limit]]
    return {"items": items, "next_cursor": cursor_at(items[-1][key]) if len(rows) > limit else None}
