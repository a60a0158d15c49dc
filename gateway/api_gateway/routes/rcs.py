"""Single RCS messages, and what people answer."""

from api_gateway.routing import Route
from contracts.channel import AcceptedMessages
from contracts.rcs_gateway import answers, messages
from contracts.schema import page_of

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b51"
_TO = "+48600100200"
_MESSAGE = {
    "id": _ID,
    "to": _TO,
    "from": "shop",
    "state": "delivered",
    "code": None,
    "external_id": None,
    "campaign_id": None,
    "revocation": None,
}
_ANSWER = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b52",
    "from": _TO,
    "to": "shop",
    "kind": "tap",
    "text": "Tomorrow",
    "postback": "date:tomorrow",
    "details": None,
    "received_at": "2026-11-24T08:05:00+00:00",
    "message_id": _ID,
    "campaign_id": None,
    "wish": None,
}

ROUTES = [
    Route(
        "POST",
        "/v1/rcs",
        rpc="rcs_gateway.send_messages",
        permission="rcs.send",
        summary="Send one RCS message to up to 1,000 numbers",
        description="Accepted messages are on disk before the answer. A phone without RCS ends as `rejected` with the"
        " code `rcs.not_reachable`. 422 `agent.unknown`, `text.too_long` and `text.empty` with the field and the"
        " number of its characters.",
        request=messages.RcsCreate,
        response=AcceptedMessages,
        status=202,
        retry_after=1,
        idempotent=True,
        tags=["RCS"],
        example={
            "from": "shop",
            "to": [_TO],
            "kind": "card",
            "card": {
                "title": "Your parcel is here",
                "description": "Locker 12, until Friday",
                "media": {"url": "https://shop.example/parcel.jpg", "height": "medium"},
                "suggestions": [
                    {"type": "reply", "text": "Tomorrow", "postback": "date:tomorrow"},
                    {"type": "url", "text": "Where", "url": "https://shop.example/lockers/12"},
                ],
            },
            "ttl_seconds": 3600,
        },
        response_example={"messages": [{"id": _ID, "to": _TO}]},
    ),
    Route(
        "GET",
        "/v1/rcs/<uuid:message_id>",
        rpc="rcs_gateway.get_message",
        permission="rcs.send",
        summary="One RCS message and what became of it",
        response=messages.RcsMessage,
        tags=["RCS"],
        response_example=_MESSAGE,
    ),
    Route(
        "POST",
        "/v1/rcs/<uuid:message_id>/revocation",
        rpc="rcs_gateway.revoke_message",
        permission="rcs.send",
        summary="Take an RCS message back that has not been delivered",
        description="What comes of it stands in the message's `revocation` in a moment: `revoked`, and the message is"
        " `undelivered` (or `rejected`, where it had not left) with the code `rcs.revoked`; or `too_late`.",
        response=messages.RcsTakenBack,
        status=202,
        tags=["RCS"],
        response_example={**_MESSAGE, "state": "submitted", "revocation": "waiting", "revoked": None},
    ),
    Route(
        "POST",
        "/v1/rcs/revocations",
        rpc="rcs_gateway.revoke_messages",
        permission="rcs.send",
        summary="Take several RCS messages back that have not been delivered",
        description="Up to 1,000; those of the account are in the answer, as they are now.",
        request=messages.Revoke,
        response=messages.Revoked,
        status=202,
        tags=["RCS"],
        example={"message_ids": [_ID]},
        response_example={"messages": [{**_MESSAGE, "state": "submitted", "revocation": "waiting"}]},
    ),
    Route(
        "GET",
        "/v1/inbound-rcs",
        rpc="rcs_gateway.list_inbound_rcs",
        permission="reports.read",
        summary="Messages and taps from phones, newest first",
        description="What people answered to the account's agents within 90 days. `STOP` and its kin, and the menu of"
        " the phone, archive the number for RCS: `wish` tells. Of a tap's label only words that are a refusal whatever"
        " follows count.",
        query=answers.InboundRcsQuery,
        response=page_of(answers.InboundRcs),
        tags=["RCS"],
        response_example={"items": [_ANSWER], "next_cursor": None},
    ),
]
