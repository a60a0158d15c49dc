"""The message log: every message and its states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from api_gateway import responses
from api_gateway.context import RequestContext
from api_gateway.languages import Texts, texts
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

# What is said of a channel in words of its own.
_OTHER_BY_CHANNEL = frozenset({"email.submitted", "email.delivered", "sms.submitted", "sms.delivered"})


def get_message(context: RequestContext) -> Response:
    """A message with its time line, each point of which is said in the language of the request."""
    story, words = context.call("reporting.get_message"), texts()
    timeline = [{**moment, "text": _said(words, story["channel"], moment)} for moment in story["timeline"]]
    answer = responses.json({**story, "timeline": timeline})
    words.label(answer)
    return answer


def _said(words: Texts, channel: str, moment: Mapping[str, Any]) -> str:
    """What a point of the time line means, for whoever asks what has become of a message."""
    kind = moment["kind"]
    if moment.get("machine"):
        return words.name("moments", f"{kind}.machine", kind)
    is_other = f"{channel}.{kind}" in _OTHER_BY_CHANNEL
    return words.name("moments", f"{channel}.{kind}" if is_other else kind, kind)


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
            " capitals or not, its first 200 characters) find single messages by what their sender called them, and"
            " `submitter_id` those that one API key, user, SMTP or SMPP account handed in."
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
        handler=get_message,
        permission="reports.read",
        summary="One message with its time line",
        description="`text` says in words, Polish or English by `Accept-Language`, what a point of the time line means;"
        " `code` and `detail` are what the carrier or the other mail server answered.",
        response=messages.MessageStory,
        tags=["Messages"],
        response_example={
            **_MESSAGE,
            "timeline": [
                {"at": "2026-11-24T08:00:02+00:00", "kind": "submitted", "text": "The carrier took it."},
                {
                    "at": "2026-11-24T08:00:09+00:00",
                    "kind": "delivered",
                    "text": "It is on the recipient's phone.",
                    "code": "000",
                    "detail": None,
                },
                {
                    "at": "2026-11-24T08:03:11+00:00",
                    "kind": "clicked",
                    "text": "The recipient followed a link in it.",
                    "url": "https://example.com/zima",
                    "ip": "192.0.2.7",
                    "user_agent": "Mozilla/5.0 (iPhone)",
                },
            ],
        },
    ),
]
