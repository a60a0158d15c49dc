"""Invoices (A8): what operators do to them, each act with a reason in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis.ids import new_id
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import invoices as rules
from identity.domain.actors import id_or_none, operator_of
from identity.domain.invoices import Issuer, Kind, Line, RateSum, State
from identity.models import Invoice, InvoiceDuplicate
from identity.store import accounts, audit, billing
from identity.store import invoices as store
from identity.usecases import invoice_views, views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_MONEY = 10**14
"""Of one invoice, in minor units."""


@dataclass(frozen=True)
class Order:
    """What is to be issued: everything about a new invoice but its number."""

    account_id: UUID
    buyer: Mapping[str, str]
    lines: Sequence[Line]
    currency: str
    sold_on: date | None = None
    due_days: int | None = None
    exemption: str = ""
    note: str = ""
    corrects: Invoice | None = None
    lines_before: Sequence[Line] = ()


def issue(
    session: Session,
    issuer: Issuer,
    actor: Actor,
    now: datetime,
    *,
    account_id: UUID,
    lines: Sequence[Mapping[str, Any]],
    reason: str,
    **chosen: Any,
) -> views.View:
    """Issue an invoice to the account; the same `request_key` of the actor again gives the same invoice.

    :raises Conflict: `invoice.seller_missing`, `invoice.buyer_incomplete`.
    """
    operator_of(actor)
    account = accounts.account(session, account_id=account_id)
    if account is None:
        raise exceptions.not_found("account")
    asked = [invoice_views.line_of(line) for line in lines]
    exemption, note = rules.one_line(chosen.pop("exemption")), rules.one_line(chosen.pop("note"))
    rules.ensure_explained(asked, exemption)
    buyer = rules.buyer_of(account.company)
    order = Order(account_id, buyer, asked, exemption=exemption, note=note, **chosen)
    issued = issue_order(session, issuer, actor, now, order, reason=reason)
    return invoice_views.invoice(session, issued, now)


def issue_order(session: Session, issuer: Issuer, actor: Actor, now: datetime, order: Order, *, reason: str) -> Invoice:
    """Take the next number and store the invoice under it, both or neither."""
    ensure_possible(issuer, order)
    series = issuer.correction_series if order.corrects else issuer.series
    counter = store.lock_series(session, series=series, day=rules.today(now))
    request_key = id_or_none(actor.get("request_key"))
    before = store.by_request(session, request_key=request_key) if request_key else None
    if before is not None:
        return before
    # Numbers and dates go the same way, also for who read the clock before midnight and came to the lock after it.
    counter.last_issued_on = max(counter.last_issued_on, rules.today(now))
    counter.last_number += 1
    row = _row(order, issuer, counter.last_issued_on)
    row.series, row.year, row.sequence = series, counter.year, counter.last_number
    row.number = rules.number(series, counter.year, counter.last_number)
    row.request_key, row.issued_by, row.created_at = request_key, id_or_none(actor.get("operator_id")), now
    store.add(session, row)
    record(session, actor, now, "invoice.issued" if order.corrects is None else "invoice.corrected", row, reason)
    return row


def ensure_possible(issuer: Issuer, order: Order) -> None:
    """Both sides have to be known."""
    if not (issuer.name and issuer.address and issuer.vat_number):
        raise exceptions.seller_missing()
    if not order.buyer:
        raise exceptions.buyer_incomplete()


def _row(order: Order, issuer: Issuer, issued_on: date) -> Invoice:
    sold_on = order.sold_on or issued_on
    rules.ensure_sale_date(sold_on, issued_on)
    sums = rules.sums(order.lines)
    if order.corrects is not None:
        sums = rules.difference(rules.sums(order.lines_before), sums)
    gross, vat = sum(row.gross for row in sums), sum(row.vat for row in sums)
    rules.ensure_currency(order.currency, vat)
    if max(rules.sums(order.lines), key=lambda row: row.gross, default=RateSum("", 0, 0)).gross > MOST_MONEY:
        raise exceptions.invalid_field("lines", "invoice.too_large", "An invoice comes to 10^14 at most.")
    due_days = issuer.due_days if order.due_days is None else order.due_days
    return Invoice(
        id=new_id(),
        account_id=order.account_id,
        kind=Kind.CORRECTION if order.corrects else Kind.INVOICE,
        # Where nothing is to be paid, nothing is waited for.
        state=State.ISSUED if gross else State.PAID,
        paid_on=None if gross else issued_on,
        issued_on=issued_on,
        sold_on=sold_on,
        due_on=issued_on + timedelta(days=due_days),
        seller=issuer.seller,
        buyer=dict(order.buyer),
        lines=[invoice_views.stored_line(line) for line in order.lines],
        lines_before=[invoice_views.stored_line(line) for line in order.lines_before] if order.corrects else None,
        vat_rates=[{"vat_rate": row.vat_rate, "net": row.net, "vat": row.vat} for row in sums],
        currency=order.currency,
        net_amount=gross - vat,
        vat_amount=vat,
        gross_amount=gross,
        exemption=order.exemption,
        note=order.note,
        corrects_id=order.corrects.id if order.corrects else None,
    )


def correct(
    session: Session,
    issuer: Issuer,
    actor: Actor,
    now: datetime,
    *,
    invoice_id: UUID,
    lines: Sequence[Mapping[str, Any]],
    exemption: str,
    note: str,
    reason: str,
) -> views.View:
    """Issue a correction (art. 106j): `lines` are the whole content as it should have been; the reason stands on it."""
    operator_of(actor)
    original = _held(session, invoice_id)
    if original.kind == Kind.CORRECTION:
        raise exceptions.conflict("invoice.is_correction", "Correct the invoice itself: corrections add up.")
    if original.state == State.CANCELLED:
        raise exceptions.invoice_cancelled()
    corrections = store.corrections_of(session, invoice_id=original.id)
    standing = corrections[-1] if corrections else original
    asked = [invoice_views.line_of(line) for line in lines]
    exemption = rules.one_line(exemption) or original.exemption
    rules.ensure_explained(asked, exemption)
    account = accounts.account(session, account_id=original.account_id)
    buyer = rules.buyer_of(account.company if account else {}) or original.buyer
    order = Order(
        original.account_id,
        buyer,
        asked,
        original.currency,
        sold_on=original.sold_on,
        exemption=exemption,
        note=". ".join(filter(None, (f"Przyczyna korekty: {rules.one_line(reason)}", rules.one_line(note)))),
        corrects=original,
        lines_before=[invoice_views.read_line(line) for line in standing.lines],
    )
    issued = issue_order(session, issuer, actor, now, order, reason=reason)
    return invoice_views.invoice(session, issued, now)


def mark_paid(
    session: Session, actor: Actor, now: datetime, *, invoice_id: UUID, paid_on: date | None, reason: str
) -> views.View:
    """Note that an invoice has been paid (or a correction paid out); marking it twice changes nothing."""
    operator_of(actor)
    held = _held(session, invoice_id)
    if held.state == State.CANCELLED:
        raise exceptions.invoice_cancelled()
    if paid_on is not None and paid_on > rules.today(now):
        raise exceptions.invalid_field("paid_on", "invoice.paid_in_future", "This day has not come yet.")
    if held.state == State.ISSUED:
        store.mark(session, invoice_id=held.id, state=State.PAID, paid_on=paid_on or rules.today(now))
        record(session, actor, now, "invoice.paid", held, reason)
    return invoice_views.invoice(session, _held(session, invoice_id), now)


def cancel(session: Session, actor: Actor, now: datetime, *, invoice_id: UUID, reason: str) -> views.View:
    """Cancel an invoice that was never handed over: it keeps its number, and what it charged is owed again."""
    operator_of(actor)
    held = _held(session, invoice_id)
    if held.state == State.PAID:
        raise exceptions.conflict("invoice.paid", "A paid invoice cannot be cancelled: issue a correction.")
    root_id = held.corrects_id or held.id
    if any(later.id > held.id for later in store.corrections_of(session, invoice_id=root_id)):
        raise exceptions.conflict("invoice.corrected", "It has been corrected: cancel the last correction first.")
    if held.state == State.ISSUED:
        store.mark(session, invoice_id=held.id, state=State.CANCELLED, cancelled_on=rules.today(now))
        billing.uncharge(session, invoice_id=held.id)
        record(session, actor, now, "invoice.cancelled", held, reason)
    return invoice_views.invoice(session, _held(session, invoice_id), now)


def issue_duplicate(session: Session, actor: Actor, now: datetime, *, invoice_id: UUID, reason: str) -> views.View:
    """Make a duplicate (art. 106l): the invoice as it is, marked, with today's date. The invoice stays untouched."""
    operator_of(actor)
    held = _held(session, invoice_id)
    request_key = id_or_none(actor.get("request_key"))
    before = store.duplicate_by_request(session, request_key=request_key) if request_key else None
    if before is not None:
        return {"id": before.id, "issued_on": before.issued_on}
    made = InvoiceDuplicate(
        id=new_id(),
        invoice_id=held.id,
        issued_on=rules.today(now),
        request_key=request_key,
        issued_by=id_or_none(actor.get("operator_id")),
        created_at=now,
    )
    store.add(session, made)
    record(session, actor, now, "invoice.duplicate_issued", held, reason, duplicate_id=str(made.id))
    return {"id": made.id, "issued_on": made.issued_on}


def _held(session: Session, invoice_id: UUID) -> Invoice:
    """The invoice, locked, a correction after what it corrects: acts on both wait for one another."""
    seen = store.invoice(session, invoice_id=invoice_id, account_id=None)
    if seen is not None and seen.corrects_id is not None:
        store.invoice(session, invoice_id=seen.corrects_id, account_id=None, for_update=True)
    held = store.invoice(session, invoice_id=invoice_id, account_id=None, for_update=True)
    if held is None:
        raise exceptions.not_found("invoice")
    return held


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
