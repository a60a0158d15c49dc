"""Invoicing plans (A7, A8): each period of a paid plan is charged once, with the month in which it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.database import Session
from identity.domain import invoices as rules
from identity.domain.billing import Month, Term
from identity.domain.invoices import Issuer
from identity.models import Account, PlanTerm
from identity.store import accounts, billing
from identity.usecases import issuing
from identity.usecases.issuing import Order

Period = tuple[Term, datetime]


@dataclass(frozen=True)
class Outcome:
    """The outcome for one account; without `number` nothing has been issued: nothing is due, or this was a rehearsal.

    `gross` is in minor units.
    """

    plans: tuple[str, ...] = ()
    periods: int = 0
    gross: int = 0
    currency: str = rules.HOME_CURRENCY
    number: str | None = None


def list_candidates(session: Session, *, month: Month) -> Sequence[tuple[UUID, str]]:
    """Id and name of every account that was on a paid plan in the month."""
    billing.begin_missing_terms(session)
    return billing.accounts_with_paid_terms(session, since=month.starts_at, until=month.next.starts_at)


def issue(
    session: Session, *, now: datetime, issuer: Issuer, account_id: UUID, month: Month, rehearse: bool
) -> list[Outcome]:
    """Invoice what the account owes for the month, one invoice a currency; what was invoiced before is left out.

    :raises Conflict: `invoice.seller_missing`, `invoice.buyer_incomplete`, `invoice.vat_number_unchecked`.
    """
    # Two runs at once wait for each other here, account by account.
    account = accounts.account_for_update(session, account_id=account_id)
    assert account is not None
    terms = billing.paid_terms(session, account_id=account_id, since=month.starts_at, until=month.next.starts_at)
    owed = _owed(session, terms, month.starts_at, min(month.next.starts_at, now))
    rules.ensure_taxable(account.company)
    buyer = rules.buyer_of(account.company) or next((term.buyer for term in terms if term.buyer), {})
    outcomes = []
    for currency in sorted({term.currency for term, _ in owed}):
        mine = [(term, starts_at) for term, starts_at in owed if term.currency == currency]
        rate = rules.OUTSIDE if rules.is_foreign(buyer.get("vat_number", "")) else issuer.vat_rate
        order = Order(
            account_id,
            buyer,
            [term.line(starts_at, rate) for term, starts_at in mine],
            currency,
            sold_on=min(month.last_day, rules.today(now)),
        )
        outcomes.append(_issue(session, issuer, now, order, mine, month=month, rehearse=rehearse))
    if account.state == "closed" and not rehearse and not owes(session, account_id=account_id, now=now):
        billing.keep_buyer(session, account_id=account_id, buyer=None)
    return outcomes


def _issue(
    session: Session, issuer: Issuer, now: datetime, order: Order, owed: list[Period], *, month: Month, rehearse: bool
) -> Outcome:
    issuing.ensure_possible(issuer, order)
    number = None
    if not rehearse:
        issued = issuing.issue_order(session, issuer=issuer, actor={}, now=now, order=order, reason=f"Plans of {month}")
        billing.record_charges(
            session, invoice_id=issued.id, periods=[(term.id, starts_at) for term, starts_at in owed]
        )
        number = issued.number
    return Outcome(
        plans=tuple(sorted({term.plan_name for term, _ in owed})),
        periods=len(owed),
        gross=sum(row.gross for row in rules.sums(order.lines)),
        currency=order.currency,
        number=number,
    )


def remember_debtor(session: Session, account: Account, now: datetime) -> None:
    """Before a closing account forgets its company: who the buyer is stays as long as something is to be invoiced."""
    buyer = rules.buyer_of(account.company)
    if buyer and owes(session, account_id=account.id, now=now):
        if rules.is_unchecked(account.company):
            buyer["vat_number"] = ""  # Nobody will look it up any more: taxed as at home.
        billing.keep_buyer(session, account_id=account.id, buyer=buyer)


def owes(session: Session, *, account_id: UUID, now: datetime) -> bool:
    """Whether any period that has begun is not invoiced."""
    terms = billing.paid_terms(session, account_id=account_id, since=None, until=now)
    return bool(_owed(session, terms, None, now))


def _owed(session: Session, rows: Sequence[PlanTerm], since: datetime | None, until: datetime) -> list[Period]:
    charged = billing.charged_periods(session, term_ids=[row.id for row in rows])
    terms = [_term(row) for row in rows]
    return [
        (term, starts_at)
        for term in terms
        for starts_at in term.periods(since or term.starts_at, until)
        if (term.id, starts_at) not in charged
    ]


def _term(row: PlanTerm) -> Term:
    return Term(
        id=row.id,
        plan_name=row.plan_name,
        price=row.price_amount,
        currency=row.price_currency,
        period_days=row.period_days,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )
