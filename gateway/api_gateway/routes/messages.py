"""The message log: every message and its states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response

from api_gateway import responses
from api_gateway.context import RequestContext
from api_gateway.languages import Texts, texts
from api_gateway.routing import Route
from contracts.errors import NotFound
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


# What a message over several channels has of the log before any step of it is there.
_NOT_LOGGED: dict[str, Any] = {
    **dict.fromkeys(messages.MessageStory().fields),
    "opens": 0,
    "clicks": 0,
    "timeline": [],
}


def get_message(context: RequestContext) -> Response:
    """A message with its time line, each point of which is said in the language of the request."""
    asked, words = context.payload["message_id"], texts()
    # Ids of messages are of version 8 (`contracts.ids`), those of chains never are.
    is_logged = UUID(str(asked)).version == 8
    story = {**context.call("reporting.get_message"), "chain": None} if is_logged else _story_of_chain(context, asked)
    said = ((moment.pop("channel", story["channel"]), moment) for moment in story["timeline"])
    timeline = [
        {**_explained(words, channel, moment), "text": _said(words, channel, moment)} for channel, moment in said
    ]
    chain = story["chain"] and _explained_chain(words, story["chain"])
    answer = responses.json({**_explained(words, story["channel"], story), "timeline": timeline, "chain": chain})
    words.label(answer)
    return answer


def _story_of_chain(context: RequestContext, chain_id: str) -> dict[str, Any]:
    """One over several channels, with what the log has of its steps."""
    chain = context.call("campaigns.get_chain", {"chain_id": str(chain_id)})
    steps = chain["steps"]
    stories = [_logged(context, step["message_id"]) for step in steps]
    shown = _shown_step(steps)
    timeline = [
        {**moment, "step": step["place"], "channel": step["channel"]}
        for step, story in zip(steps, stories, strict=True)
        for moment in story["timeline"]
    ]
    priced = [{**step, "cost": story["cost"]} for step, story in zip(steps, stories, strict=True)]
    return {
        **stories[shown],
        **{name: steps[shown][name] for name in ("channel", "address")},
        **{name: chain[name] for name in ("id", "contact_id", "created_at")},
        "timeline": sorted(timeline, key=lambda moment: moment["at"]),
        "chain": {**chain, "steps": priced},
    }


def _shown_step(steps: Sequence[Mapping[str, Any]]) -> int:
    """The one that the person had first, which `reached_by` names, too; else the last one that was begun."""
    reached = [place for place, step in enumerate(steps) if step["state"] == "reached"]
    if reached:
        return min(reached, key=lambda place: (_had_at(steps[place]), place))
    return max((place for place, step in enumerate(steps) if step["state"] not in ("waiting", "skipped")), default=0)


def _had_at(step: Mapping[str, Any]) -> datetime:
    return min(datetime.fromisoformat(step[name]) for name in ("delivered_at", "read_at") if step[name] is not None)


def _logged(context: RequestContext, message_id: str | None) -> dict[str, Any]:
    """What the log has of a step's message, which may not be there yet."""
    if message_id is None:
        return _NOT_LOGGED
    try:
        story: dict[str, Any] = context.call("reporting.get_message", {"message_id": message_id})
    except NotFound:
        return _NOT_LOGGED
    return story


def _explained(words: Texts, channel: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """With what its code means; what our own sender has said of it tells more than the code does."""
    ours = words.outcome_detail(told.get("detail"))
    return {**told, "meaning": ours or words.outcome(channel, told.get("code")), **({"detail": ours} if ours else {})}


def _explained_chain(words: Texts, chain: Mapping[str, Any]) -> dict[str, Any]:
    return {**chain, "steps": [_explained(words, step["channel"], step) for step in chain["steps"]]}


def _said(words: Texts, channel: str, moment: Mapping[str, Any]) -> str:
    """What a point of the time line means, for whoever asks what has become of a message."""
    kind = moment["kind"]
    if moment.get("machine"):
        return words.name("moments", f"{kind}.machine", kind)
    is_other = f"{channel}.{kind}" in _OTHER_BY_CHANNEL
    said = words.name("moments", f"{channel}.{kind}" if is_other else kind, kind)
    if not moment.get("peer"):
        return said
    return f"{said} {words.name('peers', channel, channel)}: {moment['peer']}."


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
            " that have it), in capitals or not. With `q`, or the `state` `submitted` or `delivered`, a page looks"
            " through 50,000 messages: it may hold fewer"
            " than `limit`, or none, and still lead on by `next_cursor`. `external_id`, `tag` and `subject` (whole, in"
            " capitals or not, its first 200 characters) find single messages by what their sender called them, and"
            " `submitter_id` those that one API key, user, SMTP or SMPP account handed in; `test_of` the tests of a"
            " campaign, each with its state, opens and clicks."
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
        " `peer` is the carrier or mail server that was spoken to at that point, `code` and `detail` what it answered,"
        " and `meaning` in words what the code means, where it is a standard one (SMPP, SMTP) or our own."
        " One over several channels is shown as on the channel that has reached the person first, or that it is on:"
        " `chain` has its steps, and the time line is of all of them.",
        response=messages.AnyMessage,
        tags=["Messages"],
        response_example={
            **_MESSAGE,
            "chain": None,
            "timeline": [
                {"at": "2026-11-24T08:00:02+00:00", "kind": "submitted", "text": "The carrier took it."},
                {
                    "at": "2026-11-24T08:00:09+00:00",
                    "kind": "delivered",
                    "text": "It is on the recipient's phone. Carrier: plus-smpp.",
                    "code": "000",
                    "detail": None,
                    "peer": "plus-smpp",
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
