"""The end of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from contacts.store import accounts as store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def erase(session: Session, account_id: UUID) -> None:
    """Erase everything held of the account. Harmless twice: the second time there is nothing."""
    store.erase(session, account_id=account_id)
