"""The audit trail: a customer's own, and that of operators; as JSON in pages, or whole as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from flask import Response

from api_gateway import downloads
from api_gateway.context import RequestContext
from api_gateway.routing import ANYONE, Route
from contracts.identity import audit

_COLUMNS = (
    *("at", "action", "login", "user_id", "api_key_id", "operator_id", "target_id", "address", "request_id"),
    *("reason", "details", "id"),
)
ROWS_AT_ONCE = 1000


def account_trail(context: RequestContext) -> Response:
    return _trail(context, "identity.list_audit_entries", _COLUMNS)


def operators_trail(context: RequestContext) -> Response:
    return _trail(context, "identity.list_operator_acts", ("account_id", *_COLUMNS))


def _trail(context: RequestContext, rpc: str, columns: Sequence[str]) -> Response:
    if downloads.chosen(context, "application/json", "text/csv") == "application/json":
        return context.answer(context.call(rpc))
    return downloads.csv_table(columns, _rows(context, rpc, columns), filename="audit-log.csv")


def _rows(context: RequestContext, rpc: str, columns: Sequence[str]) -> Iterator[list[list[Any]]]:
    """Page after page, so that a trail of any length takes the memory of one."""
    cursor = context.payload.get("cursor")
    while True:
        page = context.call(rpc, {**context.payload, "limit": ROWS_AT_ONCE, "cursor": cursor})
        yield [[_cell(entry[column]) for column in columns] for entry in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


_ENTRY = {
    "id": "019abf20-5c00-7000-8000-000000000006",
    "at": "2026-11-24T08:00:00+00:00",
    "action": "api_key.created",
    "user_id": "019abf20-5c00-7000-8000-000000000002",
    "login": "kowal",
    "api_key_id": None,
    "operator_id": None,
    "target_id": "019abf20-5c00-7000-8000-000000000005",
    "address": "192.0.2.1",
    "request_id": "b0f5c1de",
    "reason": None,
    "details": {"name": "Web shop", "scopes": ["sms.send"]},
}
_OPERATORS_ENTRY = {
    **_ENTRY,
    "account_id": None,
    "action": "carrier.changed",
    "user_id": None,
    "login": "dyzurny1",
    "operator_id": "019abf20-5c00-7000-8000-000000000009",
    "reason": "The carrier has moved",
    "details": {"fields": ["host"]},
}
_FORMATS = (
    " Newest first; append-only. `action` is one (`campaign.scheduled`) or all of a noun (`campaign`). As `text/csv`"
    " the answer is everything that the filters let through, in one file, no cell of which can start a formula."
)

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/audit-log",
        ceiling="downloads",
        handler=account_trail,
        permission="account.audit",
        summary="See who did what",
        description="Every change to users, rights, keys, limits, senders, campaigns, lists and settings: who did it"
        f" (user, key or operator), when, from which address.{_FORMATS}",
        query=audit.AuditQuery,
        response=audit.AuditPage,
        produces=("application/json", "text/csv"),
        tags=["Audit"],
        response_example={"items": [_ENTRY], "next_cursor": None},
    ),
    Route(
        "GET",
        "/v1/operator/audit-log",
        ceiling="downloads",
        handler=operators_trail,
        permission=ANYONE,
        operator=True,
        summary="See what operators did",
        description=f"To accounts and to the platform itself, with the reason that each gave.{_FORMATS}",
        query=audit.OperatorAuditQuery,
        response=audit.OperatorAuditPage,
        produces=("application/json", "text/csv"),
        tags=["Operators"],
        response_example={"items": [_OPERATORS_ENTRY], "next_cursor": None},
    ),
]
