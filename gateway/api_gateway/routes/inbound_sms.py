"""Messages from phones."""

from api_gateway.routing import Route
from contracts.schema import page_of
from contracts.sms_gateway import answers

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
                {
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
            ],
            "next_cursor": None,
        },
    ),
]
