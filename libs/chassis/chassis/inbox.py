"""The inbox: an event that comes twice is handled once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

KEEP = timedelta(days=7)


def first_time(session: Session, handler: str, event_id: Any) -> bool:
    """Whether `handler` sees this event for the first time; remembers it in the session's transaction.

    A second delivery that runs at the same time waits here for the first one's commit.
    """
    inserted = session.execute(
        text("INSERT INTO inbox (handler, event_id) VALUES (:handler, :event_id) ON CONFLICT DO NOTHING"),
        {"handler": handler, "event_id": event_id},
    )
    return bool(inserted.rowcount)  # type: ignore[attr-defined]


def forget_old(session: Session) -> None:
    """Drop entries older than any redelivery can be."""
    session.execute(text("DELETE FROM inbox WHERE handled_at < now() - :keep"), {"keep": KEEP})
