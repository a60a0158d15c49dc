"""Applications."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, text

from chassis import suspensions
from chassis.database import Session, changed
from chassis.refusals import flush_unless_taken
from push_gateway.models import Application


def add(session: Session, application: Application) -> bool:
    """Whether it is there now; False: the account has one of that name."""
    session.add(application)
    if not flush_unless_taken(session, "applications_account_id_name_key"):
        return False
    session.refresh(application)
    return True


def count(session: Session, account_id: UUID) -> int:
    """How many the account has; nobody else adds one to it until the transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('applications:' || :account, 0))"),
        {"account": str(account_id)},
    )
    query = select(func.count()).select_from(Application).where(Application.account_id == account_id)
    return int(session.scalar(query) or 0)


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


# What holds something of an account, devices with their application.
_OF_ACCOUNT = (
    "applications", "contents", "sends", "ledger", "retries", "quota_leases", "erasures", "campaign_states",
)  # fmt: skip


def erase_account(session: Session, account_id: UUID) -> None:
    """Everything of the account; what is in hand at this moment is settled all the same, and leads nowhere."""
    suspensions.close(session, account_id)
    in_hand = "DELETE FROM claims WHERE position(convert_to(:account, 'UTF8') IN body) > 0"
    changed(session, in_hand, account=str(account_id))
    for table in _OF_ACCOUNT:
        changed(session, f"DELETE FROM {table} WHERE account_id = :account", account=account_id)
