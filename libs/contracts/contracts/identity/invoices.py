"""Invoices: issued, paid, corrected and cancelled by operators; seen and downloaded by accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from contracts.identity.shapes import CURRENCY, MOST_MONEY, Reason, count_field, text_field
from contracts.money import Money
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of, plain_text

INVOICE_STATES = ("issued", "overdue", "paid", "cancelled")
INVOICE_KINDS = ("invoice", "correction")
MOST_LINES = 1000
VAT_RATE = validate.Regexp(
    r"^([0-9]|[1-9][0-9]|zw|np)(?!\n)$", error="Not a valid VAT rate: 0 to 99 (per cent), zw (exempt), np (outside)."
)


QUANTITY = validate.Regexp(
    r"^(?=.*[1-9])[0-9]{1,9}(\.[0-9]{1,3})?(?!\n)$",
    error="Not a valid quantity: a decimal number as text, more than 0, with up to three places.",
)


# What counts as blank differs between Python and ECMA 262; this is what neither calls so.
NOT_BLANK = validate.Regexp(r"^[\s\S]*[^\s\x1c-\x1f\x85\ufeff]", error="Not a valid text: it is blank.")


class InvoiceLineInput(Schema):
    """A line: `quantity` is decimal text, so that nothing is lost on the way; `unit_net_price` is before VAT."""

    description = fields.String(required=True, validate=[validate.Length(min=1, max=500), NOT_BLANK, plain_text])
    quantity = fields.String(load_default="1", validate=QUANTITY)
    unit = fields.String(load_default="szt.", validate=[validate.Length(min=1, max=10), NOT_BLANK, plain_text])
    unit_net_price = count_field(0, MOST_MONEY, required=True, metadata={"description": "In minor units (grosze)"})
    vat_rate = fields.String(required=True, validate=VAT_RATE)


def _lines(least: int) -> fields.List[Any]:
    return fields.List(
        fields.Nested(InvoiceLineInput), required=True, validate=validate.Length(min=least, max=MOST_LINES)
    )


class InvoiceIssue(Reason):
    """What is to be invoiced; the seller, the buyer, the number and the date of issue are not chosen."""

    lines = _lines(1)
    currency = fields.String(load_default="PLN", validate=CURRENCY)
    sold_on = fields.Date(load_default=None, allow_none=True)
    due_days = count_field(0, 365, load_default=None, allow_none=True)
    exemption = text_field(200, load_default="")
    note = text_field(500, load_default="")


class InvoicePrint(Schema):
    """`duplicate_id`: that duplicate instead of the invoice itself."""

    duplicate_id = fields.UUID(load_default=None, allow_none=True)


class InvoicePayment(Reason):
    paid_on = fields.Date(load_default=None, allow_none=True)


class InvoiceCorrection(Reason):
    """The whole content as it should have been; no lines at all take everything back."""

    lines = _lines(0)
    exemption = text_field(200, load_default="")
    note = text_field(500, load_default="")


class InvoiceQuery(PageQuery):
    """Newest first; `from` and `to` are days of issue, both included; `number` is the beginning of one."""

    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(INVOICE_STATES))
    kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(INVOICE_KINDS))
    first = fields.Date(load_default=None, allow_none=True, data_key="from")
    last = fields.Date(load_default=None, allow_none=True, data_key="to")
    number = text_field(40, load_default=None, allow_none=True)


class OperatedInvoiceQuery(InvoiceQuery):
    account_id = fields.UUID(load_default=None, allow_none=True)


class InvoiceParty(Schema):
    name = fields.String()
    address = fields.String()
    vat_number = fields.String()


class InvoiceSeller(InvoiceParty):
    bank_account = fields.String()
    email = fields.String()


class InvoiceLine(Schema):
    description = fields.String()
    quantity = fields.String()
    unit = fields.String()
    unit_net_price = fields.Nested(Money)
    vat_rate = fields.String()
    net = fields.Nested(Money)


class InvoiceRate(Schema):
    """The sum at one rate of VAT."""

    vat_rate = fields.String()
    net = fields.Nested(Money)
    vat = fields.Nested(Money)
    gross = fields.Nested(Money)


class InvoiceSummary(Schema):
    id = fields.UUID()
    account_id = fields.UUID()
    kind = fields.String()
    number = fields.String()
    state = fields.String()
    issued_on = fields.Date()
    sold_on = fields.Date()
    due_on = fields.Date()
    paid_on = fields.Date(allow_none=True)
    cancelled_on = fields.Date(allow_none=True)
    buyer = fields.Nested(InvoiceParty)
    net = fields.Nested(Money)
    vat = fields.Nested(Money)
    gross = fields.Nested(Money)
    corrects_id = fields.UUID(allow_none=True)


class InvoiceReference(Schema):
    id = fields.UUID()
    number = fields.String()
    issued_on = fields.Date()


class InvoiceDuplicate(Schema):
    id = fields.UUID()
    issued_on = fields.Date()


class Invoice(InvoiceSummary):
    """An invoice, or a correction: then `lines_before` are those it replaces, and the sums are the difference."""

    seller = fields.Nested(InvoiceSeller)
    lines = fields.List(fields.Nested(InvoiceLine))
    lines_before = fields.List(fields.Nested(InvoiceLine), allow_none=True)
    vat_rates = fields.List(fields.Nested(InvoiceRate))
    exemption = fields.String()
    note = fields.String()
    corrects = fields.Nested(InvoiceReference, allow_none=True)
    corrections = fields.List(fields.Nested(InvoiceReference))
    duplicates = fields.List(fields.Nested(InvoiceDuplicate))


class InvoiceFile(Schema):
    """A PDF, base64."""

    filename = fields.String()
    content = fields.String()


InvoicePage = page_of(InvoiceSummary)

RPC: dict[str, Call] = {
    "list_invoices": Call(InvoiceQuery, InvoicePage),
    "list_all_invoices": Call(OperatedInvoiceQuery, InvoicePage),
    "get_invoice": Call(response=Invoice, path={"invoice_id": UUID}),
    "print_invoice": Call(InvoicePrint, InvoiceFile, path={"invoice_id": UUID}),
    "issue_invoice": Call(InvoiceIssue, Invoice, path={"account_id": UUID}),
    "correct_invoice": Call(InvoiceCorrection, Invoice, path={"invoice_id": UUID}),
    "mark_invoice_paid": Call(InvoicePayment, Invoice, path={"invoice_id": UUID}),
    "cancel_invoice": Call(Reason, Invoice, path={"invoice_id": UUID}),
    "issue_invoice_duplicate": Call(Reason, InvoiceDuplicate, path={"invoice_id": UUID}),
}
