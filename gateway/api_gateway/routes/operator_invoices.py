"""What operators do with invoices. Every act takes a reason, which the audit trail keeps."""

from __future__ import annotations

from api_gateway.routes.invoices import (
    FILE_DESCRIPTION,
    INVOICE_EXAMPLE,
    LIST_DESCRIPTION,
    PRINT_SECONDS,
    SUMMARY_EXAMPLE,
    invoice,
    invoice_file,
)
from api_gateway.routing import ANYONE, Route
from contracts.identity import invoices, shapes
from contracts.identity.accounts import AccountUpdate

_LINE = {
    "description": "Konfiguracja SMPP",
    "quantity": "1.5",
    "unit": "godz.",
    "unit_net_price": 25000,
    "vat_rate": "23",
}

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/operator/invoices",
        rpc="identity.list_all_invoices",
        permission=ANYONE,
        operator=True,
        summary="List and search the invoices of all accounts, or of one",
        description=LIST_DESCRIPTION,
        query=invoices.OperatedInvoiceQuery,
        response=invoices.InvoicePage,
        tags=["Operators"],
        response_example={"items": [SUMMARY_EXAMPLE], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/operator/accounts/<uuid:account_id>/invoices",
        rpc="identity.issue_invoice",
        permission=ANYONE,
        operator=True,
        summary="Issue an invoice to an account",
        description=(
            "It takes the next number of its series and year, today's date (Warsaw), the seller of this installation"
            " and the account's company data as they are now; none of it changes afterwards. VAT is counted from the"
            " sum at each rate and rounded to the grosz, halves up. `zw` (exempt) needs the law that exempts it in"
            " `exemption`; `np` is outside of VAT. Without `sold_on` the sale was today; without `due_days` the"
            " installation's term holds. Plans are invoiced by a command (`python -m identity.commands.invoices`), not"
            " here."
        ),
        request=invoices.InvoiceIssue,
        about=AccountUpdate,
        response=invoices.Invoice,
        status=201,
        idempotent=True,
        location="/v1/operator/invoices/{id}",
        tags=["Operators"],
        example={"lines": [_LINE], "sold_on": "2026-10-31", "due_days": 14, "reason": "Order 2026/88"},
        response_example=INVOICE_EXAMPLE,
    ),
    Route(
        "GET",
        "/v1/operator/invoices/<uuid:invoice_id>",
        handler=invoice,
        permission=ANYONE,
        operator=True,
        summary="See or download any account's invoice",
        description=FILE_DESCRIPTION,
        response=invoices.Invoice,
        tags=["Operators"],
        produces=("application/json", "application/pdf"),
        response_example=INVOICE_EXAMPLE,
        deadline=PRINT_SECONDS,
    ),
    Route(
        "POST",
        "/v1/operator/invoices/<uuid:invoice_id>/payment",
        rpc="identity.mark_invoice_paid",
        permission=ANYONE,
        operator=True,
        summary="Note that an invoice has been paid",
        description="`paid_on` is today when left out. Noting it twice changes nothing.",
        request=invoices.InvoicePayment,
        response=invoices.Invoice,
        tags=["Operators"],
        example={"paid_on": "2026-11-12", "reason": "Bank statement 211/2026"},
        response_example={**INVOICE_EXAMPLE, "state": "paid", "paid_on": "2026-11-12"},
    ),
    Route(
        "POST",
        "/v1/operator/invoices/<uuid:invoice_id>/cancellation",
        rpc="identity.cancel_invoice",
        permission=ANYONE,
        operator=True,
        summary="Cancel an invoice that the buyer has not been given",
        description=(
            "It keeps its number, is marked ANULOWANA, and periods of a plan that it charged are due again. One that"
            " the buyer has, or has paid, is corrected instead."
        ),
        request=shapes.Reason,
        response=invoices.Invoice,
        tags=["Operators"],
        example={"reason": "Issued to the wrong account"},
        response_example={**INVOICE_EXAMPLE, "state": "cancelled", "cancelled_on": "2026-11-02"},
    ),
    Route(
        "POST",
        "/v1/operator/invoices/<uuid:invoice_id>/corrections",
        rpc="identity.correct_invoice",
        permission=ANYONE,
        operator=True,
        summary="Correct an invoice",
        description=(
            "`lines` are the whole content as it should have been; none at all take everything back. The correction has"
            " a number of its own, the buyer's present company data, the content before and after, and sums that are"
            " the difference. `reason` is printed on it. Each further correction starts from the last one."
        ),
        request=invoices.InvoiceCorrection,
        about=AccountUpdate,
        response=invoices.Invoice,
        status=201,
        idempotent=True,
        location="/v1/operator/invoices/{id}",
        tags=["Operators"],
        example={"lines": [{**_LINE, "quantity": "1"}], "reason": "Half an hour too many was counted"},
        response_example={
            **INVOICE_EXAMPLE,
            "kind": "correction",
            "number": "FK/2026/000004",
            "lines_before": INVOICE_EXAMPLE["lines"],
        },
    ),
    Route(
        "POST",
        "/v1/operator/invoices/<uuid:invoice_id>/duplicates",
        rpc="identity.issue_invoice_duplicate",
        permission=ANYONE,
        operator=True,
        summary="Make a duplicate of an invoice",
        description="The same invoice, marked DUPLIKAT with today's date. The account can download it from then on.",
        request=shapes.Reason,
        response=invoices.InvoiceDuplicate,
        status=201,
        idempotent=True,
        location="/v1/operator/invoices/{invoice_id}/duplicates/{id}",
        tags=["Operators"],
        example={"reason": "The buyer lost the original"},
        response_example={"id": "019abf20-5c00-7000-8000-00000000f002", "issued_on": "2026-12-01"},
    ),
    Route(
        "GET",
        "/v1/operator/invoices/<uuid:invoice_id>/duplicates/<uuid:duplicate_id>",
        handler=invoice_file,
        permission=ANYONE,
        operator=True,
        summary="Download a duplicate of any account's invoice",
        tags=["Operators"],
        produces=("application/pdf",),
        response_example="%PDF-1.4 …",
        deadline=PRINT_SECONDS,
    ),
]
