"""What Viber tells at a bot's hook: what became of messages, who comes and goes, what people write.

https://developers.viber.com/docs/api/rest-bot-api/#callbacks
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from channel.providers.documents import object_of, text_of
from channel.providers.reported import Reported, came_at
from contracts.lanes import ViberReport
from contracts.vocabulary import MessageState
from viber_gateway.domain import codes
from viber_gateway.domain.buttons import pressed
from viber_gateway.domain.told import AnswerTold, Arrived, StatusTold, SubscriptionTold
from viber_gateway.wires.viber import token_of

MOST_WORD = 100


def read_report(report: ViberReport) -> list[Arrived]:
    """What is in a report of the gateway's. :raises KeyError, TypeError, ValueError, AttributeError: it is none."""
    document = report["document"]
    found = read(UUID(report["sender_id"]), document, came_at(report["at"]))
    return [] if found is None else [found]


def read(sender_id: UUID, document: Mapping[str, Any], now: float) -> Arrived | None:
    """None: it tells of nothing that is kept. :param now: Unix seconds, for what says no time, or one yet to come."""
    event, at = document.get("event"), _moment(document.get("timestamp"), now)
    if event in ("delivered", "seen", "failed"):
        return _status(sender_id, document, str(event), at)
    if event == "message":
        return _answer(sender_id, document, at)
    if event == "subscribed":
        viber_id = _word(object_of(document.get("user")).get("id"))
        return (viber_id and SubscriptionTold(sender_id, viber_id, None, True, at)) or None
    if event == "unsubscribed":
        viber_id = _word(document.get("user_id"))
        return (viber_id and SubscriptionTold(sender_id, viber_id, None, False, at)) or None
    return _opened(sender_id, document, at) if event == "conversation_started" else None


def _opened(sender_id: UUID, document: Mapping[str, Any], at: float) -> SubscriptionTold | None:
    """Who opens a conversation by a link; whether they are subscribed, Viber says."""
    viber_id = _word(object_of(document.get("user")).get("id"))
    if not viber_id:
        return None
    is_subscribed = True if document.get("subscribed") is True else None
    return SubscriptionTold(sender_id, viber_id, _word(document.get("context")), is_subscribed, at)


def _status(sender_id: UUID, document: Mapping[str, Any], event: str, at: float) -> StatusTold | None:
    token = token_of(document.get("message_token"))
    if token is None:
        return None
    if event == "failed":
        return StatusTold(sender_id, token, Reported(MessageState.UNDELIVERED, at, f"{codes.PROVIDER}.failed"))
    # What is seen has arrived.
    return StatusTold(sender_id, token, Reported(MessageState.DELIVERED, at, None, at if event == "seen" else None))


def _answer(sender_id: UUID, document: Mapping[str, Any], at: float) -> AnswerTold | None:
    token, viber_id = token_of(document.get("message_token")), _word(object_of(document.get("sender")).get("id"))
    message = object_of(document.get("message"))
    if token is None or not viber_id:
        return None
    kind, text = _word(message.get("type")) or "unknown", text_of(message.get("text"))
    if (tap := pressed(text)) is not None:
        return AnswerTold(sender_id, token, viber_id, "tap", tap.text, tap.payload, tap.message_id, is_tap=True, at=at)
    answers = _id(message.get("tracking_data"))
    return AnswerTold(sender_id, token, viber_id, kind, text, None, answers, is_tap=False, at=at)


def _moment(written: Any, now: float) -> float:
    """Viber's milliseconds; never later than now."""
    is_number = type(written) is int and 1_000_000_000_000 <= written < 100_000_000_000_000
    return min(written / 1_000, now) if is_number else now


def _id(written: Any) -> UUID | None:
    try:
        return UUID(written) if isinstance(written, str) else None
    except ValueError:
        return None


def _word(written: Any) -> str | None:
    return text_of(written, MOST_WORD)
