"""Pages of lists and their cursors, the same for every list of every service.

    rows = store.groups(session, account_id=…, after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.group)

A cursor stands for the id of the last item shown. A list asks its store for one row more than it shows: only where
that row is there does `next_cursor` lead on, so no client is sent to an empty page.

Where ids are in no order, such as those derived from a request's key, a cursor stands for a time and an id:
`position_in_time`, `page_in_time`.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.errors import Invalid

Page = dict[str, Any]

# A list is counted as far as that is cheap.
COUNTED_MOST = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def position(cursor: str | None) -> UUID | None:
    """The id that `cursor` stands for; None for the first page. :raises Invalid: `cursor.invalid`, it is no cursor."""
    return None if cursor is None else UUID(bytes=_decode(cursor, 16))


def position_in_time(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The time and the id that `cursor` stands for; None for the first page.

    :raises Invalid: `cursor.invalid`, it is no cursor.
    """
    if cursor is None:
        return None
    decoded = _decode(cursor, 24)
    try:
        moment = _EPOCH + int.from_bytes(decoded[:8], "big", signed=True) * _MICROSECOND
    except OverflowError:
        raise _no_cursor() from None
    return moment, UUID(bytes=decoded[8:])


def cursor_at(item_id: UUID | str) -> str:
    """The cursor of the page that begins after the item: 22 characters."""
    return _encode(UUID(str(item_id)).bytes)


def cursor_in_time(moment: datetime, item_id: UUID) -> str:
    """The same of a list in the order of time: 32 characters."""
    return _encode(((moment - _EPOCH) // _MICROSECOND).to_bytes(8, "big", signed=True) + item_id.bytes)


def page(rows: Sequence[Any], limit: int, view: Callable[[Any], Any] = dict, key: str = "id") -> Page:
    """One page of at most `limit` items, each as `view` shows a row.

    :param rows: one more than `limit` where there are more.
    :param key: the name of the item's id.
    """
    items = [view(row) for row in rows[:limit]]
    return {"items": items, "next_cursor": cursor_at(items[-1][key]) if len(rows) > limit else None}


def page_in_time(rows: Sequence[Any], limit: int, view: Callable[[Any], Any] = dict) -> Page:
    """The same of a list in the order of `created_at`, then of `id`."""
    items = [view(row) for row in rows[:limit]]
    follows = len(rows) > limit
    return {
        "items": items,
        "next_cursor": cursor_in_time(items[-1]["created_at"], items[-1]["id"]) if follows else None,
    }


def counted(found: int) -> Page:
    """What a list's first page says of how many there are. :param found: counted to one more than `COUNTED_MOST`."""
    return {"total": min(found, COUNTED_MOST), "total_is_estimate": found > COUNTED_MOST}


def known(total: int) -> Page:
    """The same of a number that is kept."""
    return {"total": total, "total_is_estimate": False}


def unsaid() -> Page:
    """The same of a page that is not the first."""
    return {"total": None, "total_is_estimate": False}


def _encode(position: bytes) -> str:
    return urlsafe_b64encode(position).rstrip(b"=").decode()


def _decode(cursor: str, size: int) -> bytes:
    try:
        decoded = b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=True)
    except ValueError:
        raise _no_cursor() from None
    if len(decoded) != size:
        raise _no_cursor()
    return decoded


def _no_cursor() -> Invalid:
    return Invalid.of_field("cursor", "cursor.invalid", "Not a cursor of this list.")
