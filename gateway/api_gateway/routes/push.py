"""Single push messages."""

from api_gateway.routing import Route
from contracts.channel import AcceptedMessages, MessageSummary
from contracts.push_gateway import messages

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b41"
_TO = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40"

ROUTES = [
    Route(
        "POST",
        "/v1/push",
        rpc="push_gateway.send_messages",
        permission="push.send",
        summary="Send one push to up to 1,000 contacts, devices or topics",
        description="To a contact it goes to all its devices of the application, each in its language; it has arrived"
        " where one of them has it. Accepted messages are on disk before the answer. 422 `application.unknown`,"
        " `text.empty` without title, body and data, `text.too_long` where a platform would not take it.",
        request=messages.PushCreate,
        response=AcceptedMessages,
        status=202,
        retry_after=1,
        idempotent=True,
        tags=["Push"],
        example={
            "from": "shop",
            "to": [_TO],
            "title": "Your parcel is here",
            "body": "Open locker 12",
            "translations": {"pl": {"title": "Paczka czeka", "body": "Otwórz skrytkę 12"}},
            "url": "shop://parcels/12",
            "ttl_seconds": 3600,
        },
        response_example={"messages": [{"id": _ID, "to": _TO}]},
    ),
    Route(
        "GET",
        "/v1/push/<uuid:message_id>",
        rpc="push_gateway.get_message",
        permission="push.send",
        summary="One push and what became of it",
        response=MessageSummary,
        tags=["Push"],
        response_example={"id": _ID, "to": _TO, "state": "delivered", "code": None, "external_id": None},
    ),
]
