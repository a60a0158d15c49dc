"""What Google is sent: an AgentMessage.

https://developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/phones.agentMessages
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from contracts.rcs_gateway.contents import Kind, Tap
from rcs_gateway.domain.events import postback_of

DEFAULT_TTL = 259_200  # seconds: three days, as long as any channel tries
LEAST_TTL = 10  # seconds, of Google's


def ttl_of(content: Mapping[str, Any]) -> int:
    """For how many seconds a message is of use."""
    ttl = content.get("ttl_seconds")
    return DEFAULT_TTL if ttl is None else int(ttl)


def agent_message(content: Mapping[str, Any], message_id: str, ttl: int) -> dict[str, Any]:
    """:param content: rendered. :param ttl: seconds that are left of its time, `LEAST_TTL` or more."""
    places = count()

    def suggestions(holder: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [_suggestion(one, message_id, next(places)) for one in holder.get("suggestions") or ()]

    said: dict[str, Any] = {}
    if content["kind"] in (Kind.CARD, Kind.CAROUSEL):
        said["richCard"] = _rich_card(content, suggestions)
    elif content.get("media"):
        said["contentInfo"] = _info(content["media"])
    else:
        said["text"] = content["text"]
    if below := suggestions(content):
        said["suggestions"] = below
    return {"contentMessage": said, "ttl": f"{ttl}s"}


def _rich_card(content: Mapping[str, Any], suggestions: Any) -> dict[str, Any]:
    if content["kind"] == Kind.CARD:
        return {
            "standaloneCard": {
                "cardOrientation": "VERTICAL", "cardContent": _card(content["card"], suggestions),
            }
        }  # fmt: skip
    carousel = content["carousel"]
    cards = [_card(card, suggestions) for card in carousel["cards"]]
    return {"carouselCard": {"cardWidth": (carousel.get("width") or "medium").upper(), "cardContents": cards}}


def _card(card: Mapping[str, Any], suggestions: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {name: card[name] for name in ("title", "description") if card.get(name)}
    if media := card.get("media"):
        shown["media"] = {"height": (media.get("height") or "medium").upper(), "contentInfo": _info(media)}
    if below := suggestions(card):
        shown["suggestions"] = below
    return shown


def _info(media: Mapping[str, Any]) -> dict[str, Any]:
    thumbnail = {"thumbnailUrl": media["thumbnail_url"]} if media.get("thumbnail_url") else {}
    return {"fileUrl": media["url"], **thumbnail, "forceRefresh": False}


def _suggestion(one: Mapping[str, Any], message_id: str, place: int) -> dict[str, Any]:
    known = {"text": one["text"], "postbackData": postback_of(message_id, place, one.get("postback"))}
    if one["type"] == Tap.REPLY:
        return {"reply": known}
    return {"action": {**known, **_action(one)}}


def _action(one: Mapping[str, Any]) -> dict[str, Any]:
    match one["type"]:
        case Tap.URL:
            return {"openUrlAction": {"url": one["url"]}}
        case Tap.DIAL:
            return {"dialAction": {"phoneNumber": one["phone"]}}
        case Tap.LOCATION:
            place = {"latitude": one["latitude"], "longitude": one["longitude"]}
            label = {"label": one["label"]} if one.get("label") else {}
            return {"viewLocationAction": {"latLong": place, **label}}
        case Tap.SHARE_LOCATION:
            return {"shareLocationAction": {}}
    event = {"startTime": one["starts_at"], "endTime": one["ends_at"], "title": one["title"]}
    described = {"description": one["description"]} if one.get("description") else {}
    return {"createCalendarEventAction": {**event, **described}}
