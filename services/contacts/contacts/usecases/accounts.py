"""The end of an account."""

from __future__ import annotations

from uuid import UUID

from chassis.database import Session
from contacts.store import accounts as store


def erase(session: Session, *, account_id: UUID) -> None:
    """Erase everything held of the account. Harmless twice: the second time there is nothing."""
    store.erase(session, account_id=account_id)
