"""Applications."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select

from channel import senders
from chassis.database import Session
from push_gateway.models import Application

APPLICATIONS = senders.Senders(Application)
add, count, find = APPLICATIONS.add, APPLICATIONS.count, APPLICATIONS.find


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
