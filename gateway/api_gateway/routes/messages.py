"""The message log: every message and its states."""

from api_gateway.routing import Route
from contracts.reporting import messages

_MESSAGE = {
    "id": "0193587a-3e1c-8c4e-9d3a-4f0d00000007",
    "channel": "sms",
    "campaign_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11",
    "contact_id": "0193587a-0000-7c4e-9d3a-4f0d2f7a1b22",
    "address": "+48600100200",
    "sender": "Wici",
    "domain": "26001",
    "state": "delivered",
    "state_at": "2026-11-24T08:00:09+00:00",
    "code": "000",
    "detail": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "submitted_at": "2026-11-24T08:00:02+00:00",
    "delivered_at": "2026-11-24T08:00:09+00:00",
    "parts": 1,
    "cost": {"amount": 7, "currency": "PLN"},
    "opens": 0,
    "opened_at": None,
    "clicks": 1,
    "clicked_at": "2026-11-24T08:03:11+00:00",
    "unsubscribed_at": None,
    "complained_at": None,
}

ROUTES = [
    Route(
        "GET",
        "/v1/messages",
        rpc="reporting.list_messages",
        permission="reports.read",
        summary="Search the message log",
        description=(
            "Newest first. `address` is one address in any usual spelling: a phone with or without its country"
            " (where it says none: Poland), with spaces or dashes; an e-mail with its domain in capitals. `q` is a"
            " part of the address or of the sender, `campaign_name` a part of the campaign's name (of the 200 latest"
            " that have it), in capitals or not. With `q` a page looks through 50,000 messages: it may hold fewer"
            " than `limit`, or none, and still lead on by `next_cursor`. `external_id`, `tag` and `subject` (whole, in"
            " capitals or not, its first 200 characters) find single e-mails by what their sender called them."
            " Texts are not in the log."
            " `from` and `to` bound when a message was accepted."
        ),
        query=messages.MessageQuery,
        response=messages.MessagePage,
        tags=["Messages"],
        response_example={"items": [_MESSAGE], "next_cursor": None},
    ),
    Route(
        "GET",
        "/v1/messages/<uuid:message_id>",
        rpc="reporting.get_message",
        permission="reports.read",
        summary="One message with its time line",
        response=messages.MessageStory,
        tags=["Messages"],
        response_example={
            **_MESSAGE,
            "timeline": [
                {"at": "2026-11-24T08:00:02+00:00", "kind": "submitted"},
                {"at": "2026-11-24T08:00:09+00:00", "kind": "delivered", "code": "000", "detail": None},
                {
                    "at": "2026-11-24T08:03:11+00:00",
                    "kind": "clicked",
                    "url": "https://example.com/zima",
                    "ip": "192.0.2.7",
                    "user_agent": "Mozilla/5.0 (iPhone)",
                },
            ],
        },
    ),
]
