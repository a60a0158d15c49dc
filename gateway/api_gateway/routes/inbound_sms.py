"""Messages from phones."""

from typing import Any

from api_gateway.routing import Route
from contracts.schema import page_of
from contracts.sms_gateway import answers

_RECEIVED: dict[str, Any] = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b77",
    "from": "48600100200",
    "to": "48500700800",
    "text": "STOP",
    "data_coding": 0,
    "octets": "53544f50",
    "received_at": "2026-11-24T08:05:00+00:00",
    "message_id": "0193587a-3e1c-8c4e-9d3a-4f0d00000007",
    "campaign_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11",
    "wish": "stop",
    "parts": 1,
    "missing_parts": [],
}
_SENT: dict[str, Any] = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b78",
    "direction": "sent",
    "at": "2026-11-24T08:05:03+00:00",
    "phone": "+48600100200",
    "number": "48500700800",
    "text": "You will get no more messages from us. To get them again, answer START.",
    "message_id": "0193587a-3e1c-8c4e-9d3a-4f0d00000001",
    "campaign_id": None,
    "state": "delivered",
    "is_automatic": True,
    "wish": None,
    "missing_parts": [],
}

ROUTES = [
    Route(
        "GET",
        "/v1/inbound-sms",
        rpc="sms_gateway.list_inbound_sms",
        permission="reports.read",
        summary="What people answered to your numbers",
        description=(
            "Newest first, of the last 90 days. `phone` is who wrote, `number` the sender ID that it was sent to;"
            " `from` and `to` bound when it came. `message_id` is the message answered: the last one to the phone from"
            " that number. A long message is one item once its last part has come; `missing_parts` names those that did"
            " not come within five minutes. `wish: stop` archives the phone for SMS, `start` restores what `stop`"
            " archived."
        ),
        query=answers.InboundSmsQuery,
        response=page_of(answers.InboundSms),
        tags=["SMS"],
        response_example={
            "items": [
                _RECEIVED,
            ],
            "next_cursor": None,
        },
    ),
    Route(
        "GET",
        "/v1/inbound-sms/conversations",
        rpc="sms_gateway.list_conversations",
        permission="reports.read",
        summary="Who wrote to your numbers",
        description=(
            "The newest message of each phone and number, newest first, of the last 90 days; with `q` the newest that"
            " has it in its text."
        ),
        query=answers.ConversationsQuery,
        response=page_of(answers.InboundSms),
        tags=["SMS"],
        response_example={"items": [_RECEIVED], "next_cursor": None},
    ),
    Route(
        "GET",
        "/v1/inbound-sms/conversation",
        rpc="sms_gateway.list_conversation",
        permission="reports.read",
        summary="What a phone and your numbers wrote to each other",
        description=(
            "Newest first, of the last 90 days: what the phone wrote, the message that it answered first, and all that"
            " was sent to it since then from a number that it had answered."
        ),
        query=answers.ConversationQuery,
        response=page_of(answers.Said),
        tags=["SMS"],
        response_example={"items": [_SENT], "next_cursor": None},
    ),
]
