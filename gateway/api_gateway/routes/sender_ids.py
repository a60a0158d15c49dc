"""Sender IDs: requested by the account, verified by an operator, accepted by the account."""

from api_gateway.routing import ANYONE, Route
from contracts.sms_gateway import senders as contract

_EXAMPLE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b12",
    "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b00",
    "sender": "Wici",
    "state": "requested",
    "reason": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_PAGE = {"items": [_EXAMPLE], "next_cursor": None}

ROUTES = [
    Route(
        "GET",
        "/v1/sender-ids",
        rpc="sms_gateway.list_sender_ids",
        permission="sms.senders",
        summary="List sender IDs",
        query=contract.SenderIdQuery,
        response=contract.SenderIdPage,
        tags=["Sender IDs"],
        response_example=_PAGE,
    ),
    Route(
        "POST",
        "/v1/sender-ids",
        rpc="sms_gateway.request_sender_id",
        permission="sms.senders",
        summary="Request a sender ID",
        description="3 to 11 letters, digits and spaces with a letter among them, or a phone number. "
        "Protected names are refused.",
        request=contract.SenderIdCreate,
        response=contract.SenderId,
        status=201,
        tags=["Sender IDs"],
        example={"sender": "Wici"},
        response_example=_EXAMPLE,
    ),
    Route(
        "POST",
        "/v1/sender-ids/<uuid:sender_id>/accept",
        rpc="sms_gateway.accept_sender_id",
        permission="sms.senders",
        summary="Accept a verified sender ID, which makes it active",
        response=contract.SenderId,
        tags=["Sender IDs"],
        response_example={**_EXAMPLE, "state": "active"},
    ),
    Route(
        "GET",
        "/v1/operator/sender-ids",
        rpc="sms_gateway.list_all_sender_ids",
        permission=ANYONE,
        operator=True,
        summary="List every account's sender IDs",
        query=contract.SenderIdQuery,
        response=contract.SenderIdPage,
        tags=["Operators"],
        response_example=_PAGE,
    ),
    Route(
        "POST",
        "/v1/operator/sender-ids/<uuid:sender_id>/decision",
        rpc="sms_gateway.decide_sender_id",
        permission=ANYONE,
        operator=True,
        summary="Verify, activate or reject a sender ID",
        description="The account is shown the reason of a rejection.",
        request=contract.SenderDecision,
        response=contract.SenderId,
        tags=["Operators"],
        example={"decision": "verify", "reason": "The trade mark is theirs"},
        response_example={**_EXAMPLE, "state": "verified"},
    ),
]
