"""Terms of plans and the periods of them that have been invoiced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from chassis.ids import new_id
from identity.models import Account, Plan, PlanCharge, PlanTerm


def begin_term(
    session: Session, *, account_id: UUID, plan: Plan, starts_at: datetime, ends_at: datetime | None
) -> None:
    """The account is on `plan` from now on, at today's price; the term before ends."""
    session.execute(
        update(PlanTerm)
        .where(PlanTerm.account_id == account_id, or_(PlanTerm.ends_at.is_(None), PlanTerm.ends_at > starts_at))
        .values(ends_at=starts_at)
        .execution_options(synchronize_session=False)
    )
    session.add(
        PlanTerm(
            id=new_id(),
            account_id=account_id,
            plan_code=plan.code,
            plan_name=plan.name,
            price_amount=plan.price_amount,
            price_currency=plan.price_currency,
            period_days=plan.period_days,
            starts_at=starts_at,
            ends_at=ends_at,
        )
    )
    session.flush()


def begin_missing_terms(session: Session) -> None:
    """Begin the terms of accounts that were moved to a paid plan by a version of this service that knew of no terms."""
    known = exists().where(PlanTerm.account_id == Account.id, PlanTerm.starts_at == Account.plan_started_at)
    query = select(Account, Plan).join(Plan, Plan.code == Account.plan_code).where(Plan.price_amount > 0, ~known)
    for account, plan in session.execute(query.with_for_update(of=Account, key_share=True)).all():
        begin_term(
            session,
            account_id=account.id,
            plan=plan,
            starts_at=account.plan_started_at,
            ends_at=account.plan_ends_at,
        )


def accounts_with_paid_terms(session: Session, *, since: datetime, until: datetime) -> Sequence[tuple[UUID, str]]:
    """Id and name of the accounts that were on a paid plan at any time between, by name."""
    query = select(Account.id, Account.name).join(PlanTerm, PlanTerm.account_id == Account.id).distinct()
    rows = session.execute(query.where(*_paid_between(since, until)).order_by(Account.name))
    return [(row.id, row.name) for row in rows]


def paid_terms(session: Session, *, account_id: UUID, since: datetime | None, until: datetime) -> Sequence[PlanTerm]:
    """The account's terms on paid plans that ran at any time between, oldest first; `since` of None is ever."""
    query = select(PlanTerm).where(PlanTerm.account_id == account_id, *_paid_between(since, until))
    return session.scalars(query.order_by(PlanTerm.starts_at)).all()


def _paid_between(since: datetime | None, until: datetime) -> list[Any]:
    paid = [PlanTerm.price_amount > 0, PlanTerm.starts_at < until]
    return paid if since is None else [*paid, or_(PlanTerm.ends_at.is_(None), PlanTerm.ends_at > since)]


def charged_periods(session: Session, *, term_ids: Iterable[UUID]) -> set[tuple[UUID, datetime]]:
    """Term and start of each period that has been invoiced."""
    query = select(PlanCharge.term_id, PlanCharge.period_starts_at).where(PlanCharge.term_id.in_(list(term_ids)))
    return {(row.term_id, row.period_starts_at) for row in session.execute(query)}


def record_charges(session: Session, *, invoice_id: UUID, periods: Iterable[tuple[UUID, datetime]]) -> None:
    session.add_all(
        PlanCharge(term_id=term_id, period_starts_at=starts_at, invoice_id=invoice_id) for term_id, starts_at in periods
    )
    session.flush()


def uncharge(session: Session, *, invoice_id: UUID) -> None:
    """The periods on the invoice are owed again."""
    session.execute(delete(PlanCharge).where(PlanCharge.invoice_id == invoice_id))


def keep_buyer(session: Session, *, account_id: UUID, buyer: dict[str, str] | None) -> None:
    """Note on the account's paid terms who the buyer was: the account itself is about to forget."""
    session.execute(
        update(PlanTerm)
        .where(PlanTerm.account_id == account_id, PlanTerm.price_amount > 0)
        .values(buyer=buyer)
        .execution_options(synchronize_session=False)
    )
