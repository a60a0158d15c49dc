"""The announcement that what a token may do has changed."""

from __future__ import annotations

from uuid import UUID

from chassis import outbox
from chassis.database import Session
from contracts.events import ACCESS_CHANGED


def announce_access_changed(
    session: Session, *, account_id: UUID | None, user_id: UUID | None = None, operator_id: UUID | None = None
) -> None:
    """Announce that what the account's, the user's or the operator's tokens may do has changed: caches forget it."""
    outbox.record(session, ACCESS_CHANGED, account_id=account_id, user_id=user_id, operator_id=operator_id)
