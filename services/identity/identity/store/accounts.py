"""Accounts and plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.models import Account, Plan


def insert_account(session: Session, **columns: Any) -> bool:
    """Add an account; False when its name is taken."""
    statement = insert(Account).values(columns).on_conflict_do_nothing(index_elements=["name"]).returning(Account.id)
    return session.scalar(statement) is not None


def account(session: Session, *, account_id: UUID) -> Account | None:
    return session.get(Account, account_id)


def account_for_update(session: Session, *, account_id: UUID) -> Account | None:
    """The account, locked; adding rows that refer to it does not wait for that, and so never in a circle."""
    return session.get(Account, account_id, with_for_update={"key_share": True})


def open_account(session: Session, *, account_id: UUID) -> Account | None:
    """The account unless it is closed; it stays open until the commit, so nothing is added that closing would miss."""
    row = session.get(Account, account_id, with_for_update={"read": True}, populate_existing=True)
    return None if row is None or row.state == "closed" else row


def is_closed(session: Session, *, account_id: UUID) -> bool:
    """Whether the account is closed; locked until the commit, so that it is not closed a moment later."""
    query = select(Account.state).where(Account.id == account_id).with_for_update(read=True)
    return session.scalar(query) == "closed"


def untold_of_ip_rules(session: Session, *, limit: int) -> Sequence[Account]:
    """Accounts whose list of addresses for machines is not what was told last, locked; not those that are locked."""
    query = select(Account).where(
        Account.api_ip_rules.is_distinct_from(Account.api_ip_rules_told), Account.state != "closed"
    )
    return session.scalars(query.limit(limit).with_for_update(key_share=True, skip_locked=True)).all()


def accounts_page(
    session: Session, *, after: UUID | None, limit: int, name: str | None, plan: str | None
) -> Sequence[tuple[Account, Plan]]:
    """Accounts and their plans in the order of registration."""
    query = select(Account, Plan).join(Plan, Plan.code == Account.plan_code)
    if after is not None:
        query = query.where(Account.id > after)
    if name is not None:
        query = query.where(Account.name.startswith(name, autoescape=True))
    if plan is not None:
        query = query.where(Account.plan_code == plan)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Account.id).limit(limit))]


def move_to_plan(
    session: Session, moved: Account, *, plan: Plan, started_at: datetime, ends_at: datetime | None
) -> None:
    moved.plan_code = plan.code
    moved.plan_started_at = started_at
    moved.plan_ends_at = ends_at
    session.flush()
