"""Messages over several channels: sent, listed, counted, cancelled. One is shown as every message is (`messages`)."""

from __future__ import annotations

from api_gateway.routing import ANYONE, Route
from contracts.campaigns import chains
from contracts.schema import page_of

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b77"
_SENDS = "It takes `{channel}.send` of every step's channel."
_RULE = {"impossible": True, "refused": True, "not_delivered_minutes": None, "not_read_hours": None}
_NOTHING = dict.fromkeys(("code", "message_id", "sent_at", "delivered_at", "read_at", "ended_at"))
_STEPS = [
    {
        **_NOTHING,
        "place": 1,
        "channel": "push",
        "from": "shop",
        "go_on": {**_RULE, "not_read_hours": 2},
        "quiet_hours": None,
        "state": "due",
        "address": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40",
        "units": 0,
    },
    {
        **_NOTHING,
        "place": 2,
        "channel": "sms",
        "from": "Wici",
        "go_on": _RULE,
        "quiet_hours": {"start": "21:00", "end": "08:00"},
        "state": "waiting",
        "address": "+48600100200",
        "units": 0,
    },
]
_SUMMARY = {
    "id": _ID,
    "state": "running",
    "reached_by": None,
    "contact_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40",
    "external_id": "parcel-12",
    "created_at": "2026-11-24T08:00:00+00:00",
    "ended_at": None,
}
_CHAIN = {**_SUMMARY, "steps": _STEPS}

ROUTES = [
    Route(
        "POST",
        "/v1/messages",
        rpc="campaigns.send_chain",
        permission=ANYONE,
        service_checked="sms.send",
        summary="Send one message over several channels, one after the other",
        description=(
            "A person gets the first step; each next one leaves only where the one before has not reached them: by"
            " `go_on`, when it cannot be, is refused or fails, has not arrived so many minutes after it left, or has"
            " not been opened so many hours after. Never are two under way: before the next step leaves for lack of a"
            " receipt, the channel is asked once more and takes the message back where it still can, and a receipt"
            " that comes late stops the next step unless that has left. `from` and `content` are what a single message"
            " of the step's channel takes. Every step is checked by its channel at once: 422 `message.step_refused`"
            " names what it would refuse. With a contact, each step's address is the contact's when it leaves, and a"
            " channel where they are archived or have said no, or one of push, WhatsApp and RCS that they have not"
            f" agreed to, counts as impossible. {_SENDS}"
        ),
        request=chains.ChainCreate,
        response=chains.MessageChain,
        status=202,
        retry_after=1,
        location="/v1/messages/{id}",
        idempotent=True,
        tags=["Messages"],
        deadline=30.0,
        example={
            "to": {"contact_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40"},
            "steps": [
                {
                    "channel": "push",
                    "from": "shop",
                    "content": {"title": "Your parcel is here", "body": "Open locker 12"},
                    "go_on": {"not_read_hours": 2},
                },
                {"channel": "sms", "from": "Wici", "content": {"text": "Your parcel is here: locker 12"}},
            ],
            "external_id": "parcel-12",
        },
        response_example=_CHAIN,
    ),
    Route(
        "GET",
        "/v1/message-chains",
        rpc="campaigns.list_chains",
        permission="reports.read",
        summary="List messages over several channels",
        description="Newest first. Their steps are messages of the log, too: `GET /v1/messages?external_id=`.",
        query=chains.ChainQuery,
        response=page_of(chains.ChainSummary),
        tags=["Messages"],
        response_example={"items": [_SUMMARY], "next_cursor": None},
    ),
    Route(
        "GET",
        "/v1/message-chains/figures",
        rpc="campaigns.count_chains",
        permission="reports.read",
        summary="What each step has reached, taken and saved",
        description="Of messages over several channels that were accepted in a period. A step is `saved` where it was"
        " not needed, for an earlier one had reached the person.",
        query=chains.ChainsPeriod,
        response=chains.ChainFigures,
        tags=["Messages"],
        response_example={
            "chains": 100,
            "by_state": {"running": 2, "reached": 95, "not_reached": 3, "unknown": 0, "cancelled": 0},
            "reached_by": {"push": 60, "sms": 35},
            "steps": [
                {
                    "place": 1,
                    "channel": "push",
                    "steps": 100,
                    "sent": 80,
                    "reached": 60,
                    "read": 60,
                    "failed": 0,
                    "impossible": 20,
                    "timed_out": 18,
                    "saved": 0,
                    "units": 80,
                },
                {
                    "place": 2,
                    "channel": "sms",
                    "steps": 100,
                    "sent": 38,
                    "reached": 35,
                    "read": 0,
                    "failed": 3,
                    "impossible": 0,
                    "timed_out": 0,
                    "saved": 60,
                    "units": 38,
                },
            ],
        },
    ),
    Route(
        "POST",
        "/v1/message-chains/<uuid:chain_id>/cancel",
        rpc="campaigns.cancel_chain",
        permission=ANYONE,
        service_checked="sms.send",
        summary="Cancel a message over several channels",
        description="Nothing more of it leaves; what has left is taken back where its channel can. One that is over"
        f" stays as it is. {_SENDS}",
        response=chains.MessageChain,
        tags=["Messages"],
        response_example={**_CHAIN, "state": "cancelled"},
    ),
]
