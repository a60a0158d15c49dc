"""The inbox: an event that comes twice is handled once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed

KEEP = timedelta(days=7)


def first_time(session: Session, handler: str, event_id: Any) -> bool:
    """Whether `handler` sees this event for the first time; remembers it in the session's transaction.

    A second delivery that runs at the same time waits here for the first one's commit.
    """
    statement = "INSERT INTO inbox (handler, event_id) VALUES (:handler, :event_id) ON CONFLICT DO NOTHING"
    return bool(changed(session, statement, handler=handler, event_id=event_id))


def forget_old(session: Session) -> None:
    """Drop entries older than any redelivery can be."""
    session.execute(text("DELETE FROM inbox WHERE handled_at < now() - :keep"), {"keep": KEEP})
