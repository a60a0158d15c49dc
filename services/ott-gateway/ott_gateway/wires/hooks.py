"""What WhatsApp tells at the hook of a number: what became of messages, what people write, what templates became.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from channel.providers.documents import object_of, objects_of, text_of
from channel.providers.reported import came_at
from contracts.lanes import OttReport
from ott_gateway.domain import codes
from ott_gateway.domain.outcomes import reported
from ott_gateway.domain.told import AnswerTold, Arrived, StatusTold, TemplateTold, Told

MOST_WORD = 300


def read_report(report: OttReport) -> list[Arrived]:
    """What is in a report of the gateway's. :raises KeyError, TypeError, ValueError, AttributeError: it is none."""
    return read(UUID(report["sender_id"]), report["document"], came_at(report["at"]))


def read(hook_id: UUID, document: Mapping[str, Any], now: float) -> list[Arrived]:
    """Everything in one request; what nobody understands is left out: it tells of nothing that is kept.

    :param now: Unix seconds, for what says no time, or one that is yet to come.
    """
    found: list[Arrived] = []
    for change in _changes(document):
        value = object_of(change.get("value"))
        if str(change.get("field")) in ("message_template_status_update", "message_template_components_update"):
            found.append(TemplateTold(hook_id))
            continue
        told = Told(hook_id, _word(object_of(value.get("metadata")).get("phone_number_id")) or "")
        read_of = [_status(told, item, now) for item in objects_of(value.get("statuses"))]
        written = [_answer(told, item, now) for item in objects_of(value.get("messages"))]
        found += [each for each in (*read_of, *written) if each is not None]
    return found


def _changes(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in objects_of(document.get("entry")):
        yield from objects_of(entry.get("changes"))


def _status(told: Told, item: Mapping[str, Any], now: float) -> StatusTold | None:
    try:
        message_id = str(UUID(str(item["biz_opaque_callback_data"])))
    except (KeyError, ValueError):
        return None  # of a message that somebody else has sent by this number
    errors = objects_of(item.get("errors"))
    number = errors[0].get("code") if errors else None
    code = codes.code_of(number) if type(number) is int else f"{codes.PROVIDER}.failed"
    said = reported(_word(item.get("status")) or "", _moment(item.get("timestamp"), now), code)
    return None if said is None else StatusTold(told, message_id, _phone(item.get("recipient_id")), said)


def _answer(told: Told, item: Mapping[str, Any], now: float) -> AnswerTold | None:
    wamid, phone, kind = _word(item.get("id")), _phone(item.get("from")), _word(item.get("type")) or "unknown"
    if not wamid or not phone:
        return None
    text, payload = _said(kind, item)
    answers = _word(object_of(item.get("context")).get("id"))
    return AnswerTold(told, wamid, phone, kind, text, payload, answers, _moment(item.get("timestamp"), now))


def _said(kind: str, item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """What was written, and of a button what it carries."""
    part = object_of(item.get(kind))
    if kind == "text":
        return text_of(part.get("body")), None
    if kind == "button":  # of a template
        return text_of(part.get("text")), _word(part.get("payload"))
    if kind == "interactive":
        reply = object_of(part.get("button_reply")) or object_of(part.get("list_reply"))
        return text_of(reply.get("title")), _word(reply.get("id"))
    if kind == "reaction":
        return text_of(part.get("emoji")), None
    return text_of(part.get("caption")), None


def _phone(written: Any) -> str:
    digits = str(written or "")
    return f"+{digits}" if digits.isascii() and digits.isdecimal() and 6 <= len(digits) <= 15 else ""


def _moment(written: Any, now: float) -> float:
    """WhatsApp's seconds; never later than now."""
    digits = str(written or "")
    return min(float(digits), now) if digits.isascii() and digits.isdecimal() and 9 <= len(digits) <= 11 else now


def _word(written: Any) -> str | None:
    return text_of(written, MOST_WORD)
