"""What Google tells at an agent's webhook, read: of a message of ours, or what a person has said.

https://developers.google.com/business-communications/rcs-business-messaging/guides/build/events/receive-events
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from channel.providers.documents import text_of
from contracts.rcs_gateway.answers import Said
from contracts.vocabulary import Wish

TOLD_FOR = 8 * 86_400.0  # seconds: Google tries for seven days


class Told(StrEnum):
    """Of a message of ours."""

    DELIVERED = "delivered"
    READ = "read"
    EXPIRED = "expired"
    REVOKED = "revoked"  # by us: no event of Google's


@dataclass(frozen=True, slots=True)
class Status:
    told: Told
    message_id: UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person has said; `google_id` is the same where it is told twice.

    :ivar message_id, place: of a tap, the message and which of its suggestions.
    """

    google_id: str
    phone: str
    kind: Said
    text: str | None = None
    postback: str | None = None
    details: Mapping[str, Any] | None = None
    message_id: UUID | None = None
    place: int | None = None
    wish: Wish | None = None


_is_phone = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_TOLD = {"DELIVERED": Told.DELIVERED, "READ": Told.READ, "TTL_EXPIRATION_REVOKED": Told.EXPIRED}
_WISHES = {"UNSUBSCRIBE": Wish.STOP, "SUBSCRIBE": Wish.START}


def postback_of(message_id: str, place: int, own: str | None) -> str:
    """What comes back with a tap: by it the message is known, and which suggestion of it."""
    return f"{message_id}/{place}/{own or ''}"


def read(event: Mapping[str, Any]) -> Status | Answer | None:
    """None: nothing of use: a person types, or it is something that Google tells of the agent.

    :raises ValueError, KeyError, TypeError: it is no event of Google's.
    """
    kind = event.get("eventType")
    if kind in _TOLD:
        return Status(_TOLD[kind], UUID(event["messageId"]))
    if kind in _WISHES:
        wish = _WISHES[kind]
        return Answer(str(event["eventId"]), _phone(event), Said.SUBSCRIPTION, wish=wish)
    if kind is not None or "senderPhoneNumber" not in event:
        return None
    return _said(event, str(event["messageId"]), _phone(event))


def happened_at(event: Mapping[str, Any], came_at: float) -> float:
    """Unix seconds: Google's `sendTime`, for what is told days later was no later for that.

    :param came_at: the answer where Google says nothing that can be read, or that is still to come.
    """
    try:
        sent = datetime.fromisoformat(event["sendTime"])
        return came_at if sent.tzinfo is None else max(min(sent.timestamp(), came_at), came_at - TOLD_FOR)
    except (KeyError, TypeError, ValueError, OverflowError):
        return came_at


def _said(event: Mapping[str, Any], google_id: str, phone: str) -> Answer | None:
    if (tap := event.get("suggestionResponse")) is not None:
        return _tap(tap, google_id, phone)
    if (text := event.get("text")) is not None:
        return Answer(google_id, phone, Said.TEXT, _kept(text))
    if (location := event.get("location")) is not None:
        kept = {name: float(location[name]) for name in ("latitude", "longitude")}
        return Answer(google_id, phone, Said.LOCATION, details=kept)
    if (file := event.get("userFile")) is not None:
        payload = file.get("payload") or {}
        named = {"url": payload.get("fileUri"), "name": payload.get("fileName"), "type": payload.get("mimeType")}
        return Answer(google_id, phone, Said.FILE, details={k: _kept(v)[:2_000] for k, v in named.items() if v})
    return None


def _tap(tap: Mapping[str, Any], google_id: str, phone: str) -> Answer:
    text, postback = _kept(tap.get("text") or ""), _kept(tap.get("postbackData") or "")
    stem, _, rest = postback.partition("/")
    place, _, own = rest.partition("/")
    try:
        message_id, number = UUID(stem), int(place)
    except ValueError:  # not of a message of ours
        return Answer(google_id, phone, Said.TAP, text, postback or None)
    return Answer(google_id, phone, Said.TAP, text, own or None, message_id=message_id, place=number)


def _phone(event: Mapping[str, Any]) -> str:
    phone = str(event["senderPhoneNumber"])
    if not _is_phone(phone):
        raise ValueError("no number in E.164")
    return phone


def _kept(value: Any) -> str:
    """As PostgreSQL can hold it."""
    return text_of(str(value)) or ""
