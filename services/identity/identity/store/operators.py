"""Operators: the staff that runs the platform."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.models import Operator


def insert_operator(session: Session, **columns: Any) -> bool:
    """Add an operator; False when the login is taken."""
    statement = insert(Operator).values(columns).on_conflict_do_nothing(index_elements=["login"]).returning(Operator.id)
    return session.scalar(statement) is not None


def operator_by_login(session: Session, *, login: str, for_update: bool = False) -> Operator | None:
    query = select(Operator).where(Operator.login == login)
    if for_update:
        query = query.with_for_update()
    return session.scalar(query, execution_options={"populate_existing": True})


def operator(session: Session, *, operator_id: UUID) -> Operator | None:
    return session.get(Operator, operator_id)


def use_totp_step(session: Session, *, operator_id: UUID, step: int) -> bool:
    """Take the time step for good; False when it, or a later one, has been used."""
    statement = (
        update(Operator)
        .where(Operator.id == operator_id, Operator.totp_last_step < step)
        .values(totp_last_step=step)
        .returning(Operator.id)
    )
    return session.scalar(statement) is not None
