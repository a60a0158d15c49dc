"""Issuing invoices and corrections (A8): each takes the next number of its series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.actors import operator_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.errors import Invalid
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import invoices as rules
from identity.domain.ids import id_or_none
from identity.domain.invoices import Issuer, Kind, Line, RateSum, State
from identity.models import Invoice
from identity.store import accounts
from identity.store import invoices as store
from identity.usecases import invoices, views

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
    *,
    actor: Actor,
    now: datetime,
    issuer: Issuer,
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
    asked = [_line(line) for line in lines]
    exemption, note = rules.one_line(chosen.pop("exemption")), rules.one_line(chosen.pop("note"))
    rules.ensure_explained(asked, exemption)
    buyer = rules.buyer_of(account.company)
    order = Order(account_id, buyer, asked, exemption=exemption, note=note, **chosen)
    issued = issue_order(session, issuer=issuer, actor=actor, now=now, order=order, reason=reason)
    return invoices.shown(session, issued, now)


def issue_order(session: Session, *, actor: Actor, now: datetime, issuer: Issuer, order: Order, reason: str) -> Invoice:
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
    invoices.record(
        session, actor, now, "invoice.issued" if order.corrects is None else "invoice.corrected", row, reason
    )
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
        raise Invalid.of_field("lines", "invoice.too_large", "An invoice comes to 10^14 at most.")
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
        lines=[asdict(line) for line in order.lines],
        lines_before=[asdict(line) for line in order.lines_before] if order.corrects else None,
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
    *,
    actor: Actor,
    now: datetime,
    issuer: Issuer,
    invoice_id: UUID,
    lines: Sequence[Mapping[str, Any]],
    exemption: str,
    note: str,
    reason: str,
) -> views.View:
    """Issue a correction (art. 106j): `lines` are all lines as they should have been; the reason is printed on it."""
    operator_of(actor)
    original = invoices.locked(session, invoice_id)
    _ensure_correctable(original)
    corrections = store.corrections_of(session, invoice_id=original.id)
    before = corrections[-1] if corrections else original
    asked = [_line(line) for line in lines]
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
        lines_before=[Line(**line) for line in before.lines],
    )
    issued = issue_order(session, issuer=issuer, actor=actor, now=now, order=order, reason=reason)
    return invoices.shown(session, issued, now)


def _ensure_correctable(original: Invoice) -> None:
    if original.kind == Kind.CORRECTION:
        raise exceptions.conflict("invoice.is_correction", "Correct the invoice itself: corrections add up.")
    if original.state == State.CANCELLED:
        raise exceptions.invoice_cancelled()


def _line(asked: Mapping[str, Any]) -> Line:
    """A line as an operator writes it (`contracts.identity.invoices.InvoiceLineInput`)."""
    return Line(
        rules.one_line(asked["description"]),
        rules.quantity(asked["quantity"]),
        rules.one_line(asked["unit"]),
        asked["unit_net_price"],
        asked["vat_rate"],
    )
