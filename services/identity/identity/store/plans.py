"""Plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.models import Account, Plan


def plan(session: Session, *, code: str) -> Plan | None:
    return session.get(Plan, code)


def plan_of(session: Session, holder: Account) -> Plan:
    return session.get_one(Plan, holder.plan_code)


def plans(session: Session) -> Sequence[Plan]:
    return session.scalars(select(Plan).order_by(Plan.position)).all()


def insert_plan(session: Session, columns: dict[str, Any]) -> bool:
    """Add a plan; False when its code is taken."""
    statement = insert(Plan).values(columns).on_conflict_do_nothing(index_elements=["code"]).returning(Plan.code)
    return session.scalar(statement) is not None


def plan_for_update(session: Session, *, code: str) -> Plan | None:
    """The plan, locked also against accounts that are being moved to it."""
    return session.get(Plan, code, with_for_update=True, populate_existing=True)


def plan_to_move_to(session: Session, *, code: str) -> Plan | None:
    """The plan as it will be while this transaction runs."""
    return session.get(Plan, code, with_for_update={"read": True}, populate_existing=True)


def accounts_on(session: Session, *, code: str) -> int:
    """How many accounts that are not closed are on the plan."""
    query = select(func.count()).select_from(Account).where(Account.plan_code == code, Account.state != "closed")
    return session.scalar(query) or 0


def plans_with_accounts(session: Session) -> Sequence[tuple[Plan, int]]:
    """All plans, and how many accounts that are not closed are on each."""
    holders = (
        select(Account.plan_code, func.count().label("accounts"))
        .where(Account.state != "closed")
        .group_by(Account.plan_code)
        .subquery()
    )
    query = select(Plan, func.coalesce(holders.c.accounts, 0)).outerjoin(holders, holders.c.plan_code == Plan.code)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Plan.position, Plan.code))]
