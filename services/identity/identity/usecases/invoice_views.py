"""Reading invoices, and what is shown of one; accounts see their own, operators all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.rpc import Actor
from identity import exceptions
from identity.domain import invoices as rules
from identity.domain.actors import account_of, operator_of
from identity.domain.invoices import QUANTITY_SCALE, Line
from identity.models import Invoice
from identity.store import invoices as store
from identity.usecases import views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def list_own(session: Session, actor: Actor, now: datetime, **wanted: Any) -> views.View:
    return _page(session, now, account_id=account_of(actor), **wanted)


def list_all(session: Session, actor: Actor, now: datetime, **wanted: Any) -> views.View:
    operator_of(actor)
    return _page(session, now, **wanted)


def _page(session: Session, now: datetime, *, limit: int, cursor: str | None, **wanted: Any) -> views.View:
    rows = store.page(session, before=views.cursor_id(cursor), limit=limit + 1, today=rules.today(now), **wanted)
    return views.page(rows, limit, lambda row: summary(row, rules.today(now)))


def get(session: Session, actor: Actor, now: datetime, *, invoice_id: UUID) -> views.View:
    return invoice(session, _readable(session, actor, invoice_id), now)


def to_print(
    session: Session, actor: Actor, now: datetime, *, invoice_id: UUID, duplicate_id: UUID | None
) -> tuple[views.View, date | None]:
    """What is printed: the invoice, and the day of the duplicate where that is wanted."""
    shown = get(session, actor, now, invoice_id=invoice_id)
    if duplicate_id is None:
        return shown, None
    for duplicate in shown["duplicates"]:
        if duplicate["id"] == duplicate_id:
            return shown, duplicate["issued_on"]
    raise exceptions.not_found("duplicate")


def file_name(shown: views.View, duplicate_on: date | None) -> str:
    """`FV-2026-000123.pdf`, `FV-2026-000123-duplikat-2026-12-01.pdf`."""
    name = str(shown["number"]).replace("/", "-")
    return f"{name}-duplikat-{duplicate_on}.pdf" if duplicate_on else f"{name}.pdf"


def _readable(session: Session, actor: Actor, invoice_id: UUID) -> Invoice:
    account_id = None if actor.get("operator_id") else account_of(actor)
    row = store.invoice(session, invoice_id=invoice_id, account_id=account_id)
    if row is None:
        raise exceptions.not_found("invoice")
    return row


def summary(row: Invoice, today: date) -> views.View:
    return {
        "id": row.id,
        "account_id": row.account_id,
        "kind": row.kind,
        "number": row.number,
        "state": rules.state_on(row.state, row.due_on, row.gross_amount, today),
        "issued_on": row.issued_on,
        "sold_on": row.sold_on,
        "due_on": row.due_on,
        "paid_on": row.paid_on,
        "cancelled_on": row.cancelled_on,
        "buyer": row.buyer,
        "net": _money(row, row.net_amount),
        "vat": _money(row, row.vat_amount),
        "gross": _money(row, row.gross_amount),
        "corrects_id": row.corrects_id,
    }


def invoice(session: Session, row: Invoice, now: datetime) -> views.View:
    """All of one invoice, with what refers to it."""
    corrected = None
    if row.corrects_id is not None:
        corrected = store.invoice(session, invoice_id=row.corrects_id, account_id=row.account_id)
    return {
        **summary(row, rules.today(now)),
        "seller": row.seller,
        "lines": [_line(row, line) for line in row.lines],
        "lines_before": None if row.lines_before is None else [_line(row, line) for line in row.lines_before],
        "vat_rates": [
            {
                "vat_rate": rate["vat_rate"],
                "net": _money(row, rate["net"]),
                "vat": _money(row, rate["vat"]),
                "gross": _money(row, rate["net"] + rate["vat"]),
            }
            for rate in row.vat_rates
        ],
        "exemption": row.exemption,
        "note": row.note,
        "corrects": corrected and _reference(corrected),
        "corrections": [_reference(each) for each in store.corrections_of(session, invoice_id=row.id)],
        "duplicates": [
            {"id": duplicate.id, "issued_on": duplicate.issued_on}
            for duplicate in store.duplicates_of(session, invoice_id=row.id)
        ],
    }


def _reference(row: Invoice) -> views.View:
    return {"id": row.id, "number": row.number, "issued_on": row.issued_on}


def _money(row: Invoice, amount: int) -> views.View:
    return {"amount": amount, "currency": row.currency}


def _line(row: Invoice, stored: Mapping[str, Any]) -> views.View:
    line = read_line(stored)
    return {
        "description": line.description,
        "quantity": written_quantity(line.quantity),
        "unit": line.unit,
        "unit_net_price": _money(row, line.unit_price),
        "vat_rate": line.vat_rate,
        "net": _money(row, line.net),
    }


def line_of(asked: Mapping[str, Any]) -> Line:
    """A line as an operator writes it (`contracts.identity.InvoiceLineInput`)."""
    whole, _, part = asked["quantity"].partition(".")
    return Line(
        rules.one_line(asked["description"]),
        int(whole) * QUANTITY_SCALE + int(part.ljust(3, "0")),
        rules.one_line(asked["unit"]),
        asked["unit_net_price"],
        asked["vat_rate"],
    )


def written_quantity(thousandths: int) -> str:
    """`1.5` of 1500, `2` of 2000."""
    whole, part = divmod(thousandths, QUANTITY_SCALE)
    return f"{whole}.{part:03d}".rstrip("0").rstrip(".")


def stored_line(line: Line) -> dict[str, Any]:
    return {
        "description": line.description,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit_price": line.unit_price,
        "vat_rate": line.vat_rate,
    }


def read_line(stored: Mapping[str, Any]) -> Line:
    return Line(**stored)
