"""Applications."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select

from channel import senders
from chassis.database import Session
from push_gateway.models import Application

_APPLICATIONS = senders.Senders(Application)
add, count = _APPLICATIONS.add, _APPLICATIONS.count


def applications(session: Session, account_id: UUID, *, after: UUID | None, limit: int) -> Sequence[Application]:
    query = select(Application).where(Application.account_id == account_id).order_by(Application.id).limit(limit)
    return session.scalars(query if after is None else query.where(Application.id > after)).all()


def find(session: Session, account_id: UUID, application_id: UUID, *, for_update: bool = False) -> Application | None:
    query = select(Application).where(Application.id == application_id, Application.account_id == account_id)
    return session.scalar(query.with_for_update() if for_update else query)


def named(session: Session, account_id: UUID, name: str) -> Application | None:
    return session.scalar(select(Application).where(Application.account_id == account_id, Application.name == name))


def by_key(session: Session, app_key: str) -> Application | None:
    return session.scalar(select(Application).where(Application.app_key == app_key))


def remove(session: Session, application_id: UUID) -> None:
    """With its devices."""
    session.execute(delete(Application).where(Application.id == application_id))


def erase_account(session: Session, account_id: UUID) -> None:
    """Everything of the account; devices go with their application."""
    senders.erase_account(session, account_id, "applications")
