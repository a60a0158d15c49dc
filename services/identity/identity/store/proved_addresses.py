"""Addresses that an account has proved: trial numbers, and the confirmed e-mail addresses of its users."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.models import TrialNumber, User


def phones(session: Session, *, account_id: UUID) -> Sequence[str]:
    query = select(TrialNumber.phone).where(TrialNumber.account_id == account_id, TrialNumber.confirmed_at.is_not(None))
    return session.scalars(query.order_by(TrialNumber.phone)).all()


def emails(session: Session, *, account_id: UUID) -> Sequence[str]:
    """In lower case."""
    query = select(func.lower(User.email)).where(
        User.account_id == account_id, User.email_confirmed_at.is_not(None), User.state == "active"
    )
    return session.scalars(query.distinct()).all()


def put_trial_number(session: Session, **columns: Any) -> TrialNumber:
    """Add a number of the account, or give the one that is there another code; locked."""
    code = {name: columns[name] for name in ("code_hash", "code_expires_at")}
    statement = insert(TrialNumber).values(columns)
    statement = statement.on_conflict_do_update(index_elements=["account_id", "phone"], set_={**code, "guesses": 0})
    number_id = session.scalar(statement.returning(TrialNumber.id))
    return session.get_one(TrialNumber, number_id, populate_existing=True)


def trial_number_for_update(session: Session, *, account_id: UUID, trial_number_id: UUID) -> TrialNumber | None:
    query = select(TrialNumber).where(TrialNumber.id == trial_number_id, TrialNumber.account_id == account_id)
    return session.scalar(query.with_for_update(), execution_options={"populate_existing": True})


def trial_number_of(session: Session, *, account_id: UUID, phone: str) -> TrialNumber | None:
    return session.scalar(select(TrialNumber).where(TrialNumber.account_id == account_id, TrialNumber.phone == phone))


def trial_numbers_page(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> Sequence[TrialNumber]:
    query = select(TrialNumber).where(TrialNumber.account_id == account_id)
    if after is not None:
        query = query.where(TrialNumber.id > after)
    return session.scalars(query.order_by(TrialNumber.id).limit(limit)).all()


def count_trial_numbers(session: Session, *, account_id: UUID) -> int:
    return (
        session.scalar(select(func.count()).select_from(TrialNumber).where(TrialNumber.account_id == account_id)) or 0
    )


def delete_trial_number(session: Session, *, account_id: UUID, trial_number_id: UUID) -> str | None:
    """The number; None when the account has none such."""
    statement = delete(TrialNumber).where(TrialNumber.id == trial_number_id, TrialNumber.account_id == account_id)
    return session.scalar(statement.returning(TrialNumber.phone))


def confirm(session: Session, number: TrialNumber, *, now: datetime) -> None:
    number.confirmed_at = now
    session.flush()
