"""Invoices as the accounts that they are for see them; as JSON, or as PDF."""

from __future__ import annotations

from base64 import b64decode

from flask import Response

from api_gateway import downloads
from api_gateway.context import RequestContext
from api_gateway.routing import Route
from contracts.identity import invoices

# A thousand lines take some seconds to print.
PRINT_SECONDS = 30.0
_ID = "019abf20-5c00-7000-8000-00000000f001"


def _zloty(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "PLN"}


SUMMARY_EXAMPLE = {
    "id": _ID,
    "account_id": "019abf20-5c00-7000-8000-000000000001",
    "kind": "invoice",
    "number": "FV/2026/000123",
    "state": "issued",
    "issued_on": "2026-11-02",
    "sold_on": "2026-10-31",
    "due_on": "2026-11-16",
    "paid_on": None,
    "cancelled_on": None,
    "buyer": {"name": "Kwiaciarnia Róża", "address": "ul. Kwiatowa 1\n61-701 Poznań", "vat_number": "5260250274"},
    "net": _zloty(49900),
    "vat": _zloty(11477),
    "gross": _zloty(61377),
    "corrects_id": None,
}
INVOICE_EXAMPLE = {
    **SUMMARY_EXAMPLE,
    "seller": {
        "name": "Wici sp. z o.o.",
        "address": "ul. Źródlana 5\n00-001 Warszawa",
        "vat_number": "1234563218",
        "bank_account": "61 1090 1014 0000 0712 1981 2874",
        "email": "faktury@wici.example",
    },
    "lines": [
        {
            "description": "Abonament Business, 03.10.2026 – 01.11.2026",
            "quantity": "1",
            "unit": "szt.",
            "unit_net_price": _zloty(49900),
            "vat_rate": "23",
            "net": _zloty(49900),
        }
    ],
    "lines_before": None,
    "vat_rates": [{"vat_rate": "23", "net": _zloty(49900), "vat": _zloty(11477), "gross": _zloty(61377)}],
    "exemption": "",
    "note": "",
    "corrects": None,
    "corrections": [],
    "duplicates": [{"id": "019abf20-5c00-7000-8000-00000000f002", "issued_on": "2026-12-01"}],
}


def invoice(context: RequestContext) -> Response:
    """The invoice as JSON, or as PDF where the client prefers that."""
    media_type = context.request.accept_mimetypes.best_match(context.route.produces, context.route.produces[0])
    is_pdf = media_type == "application/pdf"
    answer = invoice_file(context) if is_pdf else context.answer(context.call("identity.get_invoice"))
    answer.vary.add("Accept")
    return answer


def invoice_file(context: RequestContext) -> Response:
    """The PDF of an invoice, or of a duplicate of it."""
    printed = context.call("identity.print_invoice", deadline=PRINT_SECONDS)
    answer = Response(b64decode(printed["content"]), content_type="application/pdf")
    downloads.attach(answer, printed["filename"])
    return answer


LIST_DESCRIPTION = (
    "Newest first. `from` and `to` are days of issue, both included; `number` is the beginning of a number. An invoice"
    " is `overdue` the day after `due_on`."
)
FILE_DESCRIPTION = "JSON, or a PDF with `Accept: application/pdf`."

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/invoices",
        rpc="identity.list_invoices",
        permission="account.invoices",
        summary="List and search invoices",
        description=LIST_DESCRIPTION,
        query=invoices.InvoiceQuery,
        response=invoices.InvoicePage,
        tags=["Invoices"],
        response_example={"items": [SUMMARY_EXAMPLE], "next_cursor": None},
    ),
    Route(
        "GET",
        "/v1/invoices/<uuid:invoice_id>",
        handler=invoice,
        permission="account.invoices",
        summary="See or download an invoice",
        description=FILE_DESCRIPTION,
        response=invoices.Invoice,
        tags=["Invoices"],
        produces=("application/json", "application/pdf"),
        response_example=INVOICE_EXAMPLE,
        deadline=PRINT_SECONDS,
    ),
    Route(
        "GET",
        "/v1/invoices/<uuid:invoice_id>/duplicates/<uuid:duplicate_id>",
        handler=invoice_file,
        permission="account.invoices",
        summary="Download a duplicate of an invoice",
        description="Marked DUPLIKAT, with the day it was made; an invoice lists its duplicates.",
        tags=["Invoices"],
        produces=("application/pdf",),
        response_example="%PDF-1.4 …",
        deadline=PRINT_SECONDS,
    ),
]
