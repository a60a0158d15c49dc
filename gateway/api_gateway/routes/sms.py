"""Single SMS messages."""

from api_gateway.routing import ANYONE, Route
from contracts.sms_gateway import contents, messages

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11"

ROUTES = [
    Route(
        "POST",
        "/v1/sms",
        rpc="sms_gateway.send_messages",
        permission="sms.send",
        summary="Send one text to up to 1,000 numbers",
        description="Accepted messages are on disk before the answer. `lane: otp` is for one-time codes and alerts."
        " With `short_links` each link of the text becomes a short one of the recipient's own; 422 `link.invalid`,"
        " `link.loop`, `link.too_long` or `link.too_many` where one cannot.",
        request=messages.SmsCreate,
        response=messages.SmsAccepted,
        status=202,
        retry_after=1,
        idempotent=True,
        tags=["SMS"],
        example={"from": "Wici", "to": ["+48600100200"], "text": "Your code is 123456", "lane": "otp"},
        response_example={"messages": [{"id": _ID, "to": "+48600100200", "parts": 1}]},
    ),
    Route(
        "POST",
        "/v1/sms/parts",
        rpc="sms_gateway.count_parts",
        permission=ANYONE,
        summary="Count characters and parts of a text",
        description=(
            "Names the characters that force UCS-2, which halves what fits into a part, with their places and what a "
            "plain spelling would save. With an audience (`sms.campaigns.read`) the text is a template, and what it "
            "takes, and what it costs by network and in all, is measured by a sample of them. `prices` are the "
            "account's own, now."
        ),
        request=contents.PartsCount,
        response=contents.CountedParts,
        tags=["SMS"],
        example={"text": "Zażółć"},
        response_example={
            "encoding": "ucs2",
            "characters": 6,
            "units": 6,
            "parts": 1,
            "offending": ["ż", "ó", "ł", "ć"],
            "offenders": [
                {
                    "character": "ż",
                    "name": "LATIN SMALL LETTER Z WITH DOT ABOVE",
                    "positions": [2],
                    "times": 1,
                    "replacement": "z",
                },
            ],
            "national_language": None,
            "text": "Zażółć",
            "replaced": {"encoding": "gsm", "characters": 6, "units": 6, "parts": 1, "parts_saved": 0},
            "prices": [
                {
                    "network": None,
                    "price": {"amount": 9, "currency": "PLN"},
                    "cost": {"amount": 9, "currency": "PLN"},
                },
                {
                    "network": "pl.play",
                    "price": {"amount": 7, "currency": "PLN"},
                    "cost": {"amount": 7, "currency": "PLN"},
                },
            ],
            "recipients": None,
        },
    ),
    Route(
        "GET",
        "/v1/sms/<uuid:message_id>",
        rpc="sms_gateway.get_message",
        permission="sms.send",
        summary="One message and what became of it",
        response=messages.Sms,
        tags=["SMS"],
        response_example={
            "id": _ID,
            "to": "+48600100200",
            "from": "Wici",
            "text": "Your code is 123456",
            "state": "delivered",
            "code": "000",
            "parts": 1,
            "campaign_id": None,
            "external_id": None,
            "created_at": "2026-11-24T08:00:00+00:00",
            "submitted_at": "2026-11-24T08:00:00.2+00:00",
            "final_at": "2026-11-24T08:00:03+00:00",
        },
    ),
]
