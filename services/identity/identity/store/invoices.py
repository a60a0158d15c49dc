"""Invoices: added with the next number of their series, read, and marked; never rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.models import Invoice, InvoiceCounter, InvoiceDuplicate


def lock_series(session: Session, *, series: str, day: date) -> InvoiceCounter:
    """The counter of the series in the year of `day`, which is the caller's until its transaction ends.

    Two who issue wait here for each other: a number is taken with the invoice that bears it, or not at all.
    """
    first = {"series": series, "year": day.year, "last_number": 0, "last_issued_on": day}
    session.execute(insert(InvoiceCounter).values(first).on_conflict_do_nothing())
    return session.get_one(
        InvoiceCounter, {"series": series, "year": day.year}, with_for_update=True, populate_existing=True
    )


def add(session: Session, row: Invoice | InvoiceDuplicate) -> None:
    session.add(row)
    session.flush()


def invoice(session: Session, *, invoice_id: UUID, account_id: UUID | None, for_update: bool = False) -> Invoice | None:
    """The invoice; None for an account that it is not of. `account_id` of None is an operator, who sees all."""
    query = select(Invoice).where(Invoice.id == invoice_id)
    if account_id is not None:
        query = query.where(Invoice.account_id == account_id)
    if for_update:
        query = query.with_for_update()
    return session.scalar(query, execution_options={"populate_existing": True})


def by_request(session: Session, *, request_key: UUID) -> Invoice | None:
    return session.scalar(select(Invoice).where(Invoice.request_key == request_key))


def corrections_of(session: Session, *, invoice_id: UUID) -> Sequence[Invoice]:
    """The corrections that stand, oldest first."""
    query = select(Invoice).where(Invoice.corrects_id == invoice_id, Invoice.state != "cancelled")
    return session.scalars(query.order_by(Invoice.id)).all()


def mark(session: Session, *, invoice_id: UUID, **columns: Any) -> None:
    """Note what has become of an invoice: `state`, `paid_on`, `cancelled_on`."""
    session.execute(update(Invoice).where(Invoice.id == invoice_id).values(columns))


def duplicate_by_request(session: Session, *, request_key: UUID) -> InvoiceDuplicate | None:
    return session.scalar(select(InvoiceDuplicate).where(InvoiceDuplicate.request_key == request_key))


def duplicates_of(session: Session, *, invoice_id: UUID) -> Sequence[InvoiceDuplicate]:
    query = select(InvoiceDuplicate).where(InvoiceDuplicate.invoice_id == invoice_id)
    return session.scalars(query.order_by(InvoiceDuplicate.id)).all()


def page(
    session: Session,
    *,
    account_id: UUID | None,
    before: UUID | None,
    limit: int,
    today: date,
    state: str | None,
    kind: str | None,
    first: date | None,
    last: date | None,
    number: str | None,
) -> Sequence[Invoice]:
    """Invoices before the id `before`, newest first; of one account, or of all."""
    query = select(Invoice)
    if account_id is not None:
        query = query.where(Invoice.account_id == account_id)
    if before is not None:
        query = query.where(Invoice.id < before)
    if state is not None:
        query = query.where(_is_in(state, today))
    if kind is not None:
        query = query.where(Invoice.kind == kind)
    if first is not None:
        query = query.where(Invoice.issued_on >= first)
    if last is not None:
        query = query.where(Invoice.issued_on <= last)
    if number is not None:
        query = query.where(Invoice.number.startswith(number, autoescape=True))
    return session.scalars(query.order_by(Invoice.id.desc()).limit(limit)).all()


def _is_in(state: str, today: date) -> Any:
    """As `domain.invoices.state_on` has it."""
    if state == "overdue":
        return and_(Invoice.state == "issued", Invoice.gross_amount > 0, Invoice.due_on < today)
    if state == "issued":
        return and_(Invoice.state == "issued", or_(Invoice.gross_amount <= 0, Invoice.due_on >= today))
    return Invoice.state == state
