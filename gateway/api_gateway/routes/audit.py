"""The audit trail."""

from __future__ import annotations

from api_gateway.routing import Route
from contracts import identity as contract

ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/audit-log",
        rpc="identity.list_audit_entries",
        permission="account.audit",
        summary="See who did what",
        description="Newest first; append-only.",
        query=contract.AuditQuery,
        response=contract.AuditPage,
        tags=["Audit"],
        response_example={
            "items": [
                {
                    "id": "019abf20-5c00-7000-8000-000000000006",
                    "at": "2026-11-24T08:00:00+00:00",
                    "action": "api_key.created",
                    "user_id": "019abf20-5c00-7000-8000-000000000002",
                    "api_key_id": None,
                    "operator_id": None,
                    "target_id": "019abf20-5c00-7000-8000-000000000005",
                    "address": "192.0.2.1",
                    "request_id": "b0f5c1de",
                    "reason": None,
                    "details": {"name": "Web shop", "scopes": ["sms.send"]},
                }
            ],
            "next_cursor": None,
        },
    )
]
