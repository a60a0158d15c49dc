"""What is heard of an account: where its days begin, and its end."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.database import Session
from contacts.store import accounts as store
from contacts.store import people


def follow_zone(session: Session, *, account_id: UUID, time_zone: str, said_at: datetime) -> None:
    """May run twice, and late: what was said last stands."""
    people.set_zone(session, account_id=account_id, time_zone=time_zone, said_at=said_at)


def erase(session: Session, *, account_id: UUID) -> None:
    """Erase everything held of the account. Harmless twice: the second time there is nothing."""
    store.erase(session, account_id=account_id)
