"""Closing an account: nothing of it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from chassis import inbox
from sms_gateway.store import sends

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def erase_account(session: Session, *, event_id: UUID, account_id: UUID) -> None:
    """Harmless when it runs twice: there is nothing left to erase."""
    if inbox.first_time(session, "erase_account", event_id):
        sends.erase_account(session, account_id)
