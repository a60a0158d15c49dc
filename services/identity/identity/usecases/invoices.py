"""Invoices (A8): read and printed; marked by operators, each act with a reason in the audit trail."""

from __future__ import annotations

from base64 import b64encode
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis import pages
from chassis.actors import account_of, operator_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts.errors import Invalid
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import invoices as rules
from identity.domain.ids import id_or_none
from identity.domain.invoices import State
from identity.models import Invoice, InvoiceDuplicate
from identity.printing import Printer
from identity.store import audit, billing
from identity.store import invoices as store
from identity.usecases import views


def list_invoices(session: Session, *, actor: Actor, now: datetime, **filters: Any) -> views.View:
    """The account's invoices, newest first."""
    return _page(session, now, account_id=account_of(actor), **filters)


def list_all_invoices(session: Session, *, actor: Actor, now: datetime, **filters: Any) -> views.View:
    """The invoices of all accounts, or of one, newest first; for operators."""
    operator_of(actor)
    return _page(session, now, **filters)


def _page(session: Session, now: datetime, *, limit: int, cursor: str | None, **filters: Any) -> views.View:
    today = rules.today(now)
    rows = store.page(session, before=pages.position(cursor), limit=limit + 1, today=today, **filters)
    return pages.page(rows, limit, lambda row: views.invoice_summary(row, today))


def get(session: Session, *, actor: Actor, now: datetime, invoice_id: UUID) -> views.View:
    """An invoice of the account's; any, for an operator."""
    account_id = None if actor.get("operator_id") else account_of(actor)
    row = store.invoice(session, invoice_id=invoice_id, account_id=account_id)
    if row is None:
        raise exceptions.not_found("invoice")
    return shown(session, row, now)


def print_invoice(
    database: Database, *, actor: Actor, now: datetime, printer: Printer, invoice_id: UUID, duplicate_id: UUID | None
) -> views.View:
    """The invoice, or that duplicate of it, as PDF; it is drawn when the transaction is over, for that takes long."""
    with database.transaction() as session:
        invoice = get(session, actor=actor, now=now, invoice_id=invoice_id)
    duplicate_on = None if duplicate_id is None else _day_of_duplicate(invoice, duplicate_id)
    paper = printer.invoice(invoice, duplicate_on)
    return {"filename": _file_name(invoice, duplicate_on), "content": b64encode(paper).decode()}


def _day_of_duplicate(invoice: views.View, duplicate_id: UUID) -> date:
    for duplicate in invoice["duplicates"]:
        if duplicate["id"] == duplicate_id:
            issued_on: date = duplicate["issued_on"]
            return issued_on
    raise exceptions.not_found("duplicate")


def _file_name(invoice: views.View, duplicate_on: date | None) -> str:
    """`FV-2026-000123.pdf`, `FV-2026-000123-duplikat-2026-12-01.pdf`."""
    name = str(invoice["number"]).replace("/", "-")
    return f"{name}-duplikat-{duplicate_on}.pdf" if duplicate_on else f"{name}.pdf"


def shown(session: Session, row: Invoice, now: datetime) -> views.View:
    """All of the invoice, with the invoice that it corrects, its corrections and its duplicates."""
    corrected = None
    if row.corrects_id is not None:
        corrected = store.invoice(session, invoice_id=row.corrects_id, account_id=row.account_id)
    return views.invoice(
        row,
        rules.today(now),
        corrected=corrected,
        corrections=store.corrections_of(session, invoice_id=row.id),
        duplicates=store.duplicates_of(session, invoice_id=row.id),
    )


def mark_paid(
    session: Session, *, actor: Actor, now: datetime, invoice_id: UUID, paid_on: date | None, reason: str
) -> views.View:
    """Note that an invoice has been paid (or a correction paid out); marking it twice changes nothing."""
    operator_of(actor)
    row = locked(session, invoice_id)
    if row.state == State.CANCELLED:
        raise exceptions.invoice_cancelled()
    if paid_on is not None and paid_on > rules.today(now):
        raise Invalid.of_field("paid_on", "invoice.paid_in_future", "This day has not come yet.")
    if row.state == State.ISSUED:
        store.mark(session, invoice_id=row.id, state=State.PAID, paid_on=paid_on or rules.today(now))
        record(session, actor, now, "invoice.paid", row, reason)
    return shown(session, locked(session, invoice_id), now)


def cancel(session: Session, *, actor: Actor, now: datetime, invoice_id: UUID, reason: str) -> views.View:
    """Cancel an invoice that was never handed over: it keeps its number, and what it charged is owed again."""
    operator_of(actor)
    row = locked(session, invoice_id)
    if row.state == State.PAID:
        raise exceptions.conflict("invoice.paid", "A paid invoice cannot be cancelled: issue a correction.")
    root_id = row.corrects_id or row.id
    if any(later.id > row.id for later in store.corrections_of(session, invoice_id=root_id)):
        raise exceptions.conflict("invoice.corrected", "It has been corrected: cancel the last correction first.")
    if row.state == State.ISSUED:
        store.mark(session, invoice_id=row.id, state=State.CANCELLED, cancelled_on=rules.today(now))
        billing.uncharge(session, invoice_id=row.id)
        record(session, actor, now, "invoice.cancelled", row, reason)
    return shown(session, locked(session, invoice_id), now)


def issue_duplicate(session: Session, *, actor: Actor, now: datetime, invoice_id: UUID, reason: str) -> views.View:
    """Make a duplicate (art. 106l): the invoice as it is, marked, with today's date. The invoice stays untouched."""
    operator_of(actor)
    row = locked(session, invoice_id)
    request_key = id_or_none(actor.get("request_key"))
    before = store.duplicate_by_request(session, request_key=request_key) if request_key else None
    if before is not None:
        return {"id": before.id, "issued_on": before.issued_on}
    made = InvoiceDuplicate(
        id=new_id(),
        invoice_id=row.id,
        issued_on=rules.today(now),
        request_key=request_key,
        issued_by=id_or_none(actor.get("operator_id")),
        created_at=now,
    )
    store.add(session, made)
    record(session, actor, now, "invoice.duplicate_issued", row, reason, duplicate_id=str(made.id))
    return {"id": made.id, "issued_on": made.issued_on}


def locked(session: Session, invoice_id: UUID) -> Invoice:
    """The invoice, locked, a correction after what it corrects: acts on both wait for one another."""
    seen = store.invoice(session, invoice_id=invoice_id, account_id=None)
    if seen is not None and seen.corrects_id is not None:
        store.invoice(session, invoice_id=seen.corrects_id, account_id=None, for_update=True)
    row = store.invoice(session, invoice_id=invoice_id, account_id=None, for_update=True)
    if row is None:
        raise exceptions.not_found("invoice")
    return row


def record(session: Session, actor: Actor, now: datetime, action: str, row: Invoice, reason: str, **more: str) -> None:
    audit.record(
        session,
        actor,
        now,
        action,
        account_id=row.account_id,
        target_id=row.id,
        reason=reason,
        details={"number": row.number, **more},
    )
