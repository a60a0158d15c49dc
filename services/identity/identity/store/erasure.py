"""Erasing what identity holds of an account's people."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from identity.models import ApiKey, AuditEntry, QuotaPeriod, QuotaReservation, Role, TrialNumber, User
from identity.models import Session as LogIn


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Everything of the account but its row, its name (never given out again) and its trail, stripped of addresses
    and details."""
    for table in (ApiKey, LogIn, QuotaReservation, QuotaPeriod, TrialNumber, User, Role):
        session.execute(delete(table).where(table.account_id == account_id))
    session.execute(update(AuditEntry).where(AuditEntry.account_id == account_id).values(address=None, details={}))
