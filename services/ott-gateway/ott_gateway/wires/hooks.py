"""What WhatsApp tells at the hook of a number: what became of messages, what people write, what templates became.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from channel.providers.reported import came_at
from contracts.lanes import OttReport
from ott_gateway.domain import codes
from ott_gateway.domain.outcomes import reported
from ott_gateway.domain.told import AnswerTold, Arrived, StatusTold, TemplateTold, Told

MOST_TEXT = 10_000  # characters that are kept of what somebody wrote
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
        value = _object(change.get("value"))
        if str(change.get("field")) in ("message_template_status_update", "message_template_components_update"):
            found.append(TemplateTold(hook_id))
            continue
        told = Told(hook_id, _word(_object(value.get("metadata")).get("phone_number_id")) or "")
        read_of = [_status(told, item, now) for item in _objects(value.get("statuses"))]
        written = [_answer(told, item, now) for item in _objects(value.get("messages"))]
        found += [each for each in (*read_of, *written) if each is not None]
    return found


def _changes(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in _objects(document.get("entry")):
        yield from _objects(entry.get("changes"))


def _status(told: Told, item: Mapping[str, Any], now: float) -> StatusTold | None:
    try:
        message_id = str(UUID(str(item["biz_opaque_callback_data"])))
    except (KeyError, ValueError):
        return None  # of a message that somebody else has sent by this number
    errors = _objects(item.get("errors"))
    number = errors[0].get("code") if errors else None
    code = codes.code_of(number) if type(number) is int else f"{codes.PROVIDER}.failed"
    said = reported(_word(item.get("status")) or "", _moment(item.get("timestamp"), now), code)
    return None if said is None else StatusTold(told, message_id, _phone(item.get("recipient_id")), said)


def _answer(told: Told, item: Mapping[str, Any], now: float) -> AnswerTold | None:
    wamid, phone, kind = _word(item.get("id")), _phone(item.get("from")), _word(item.get("type")) or "unknown"
    if not wamid or not phone:
        return None
    text, payload = _said(kind, item)
    answers = _word(_object(item.get("context")).get("id"))
    return AnswerTold(told, wamid, phone, kind, text, payload, answers, _moment(item.get("timestamp"), now))


def _said(kind: str, item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """What was written, and of a button what it carries."""
    part = _object(item.get(kind))
    if kind == "text":
        return _text(part.get("body")), None
    if kind == "button":  # of a template
        return _text(part.get("text")), _word(part.get("payload"))
    if kind == "interactive":
        reply = _object(part.get("button_reply")) or _object(part.get("list_reply"))
        return _text(reply.get("title")), _word(reply.get("id"))
    if kind == "reaction":
        return _text(part.get("emoji")), None
    return _text(part.get("caption")), None


def _phone(written: Any) -> str:
    digits = str(written or "")
    return f"+{digits}" if digits.isascii() and digits.isdecimal() and 6 <= len(digits) <= 15 else ""


def _moment(written: Any, now: float) -> float:
    """WhatsApp's seconds; never later than now."""
    digits = str(written or "")
    return min(float(digits), now) if digits.isascii() and digits.isdecimal() and 9 <= len(digits) <= 11 else now


def _text(written: Any) -> str | None:
    return written.replace("\0", "")[:MOST_TEXT] or None if isinstance(written, str) else None


def _word(written: Any) -> str | None:
    return written.replace("\0", "")[:MOST_WORD] or None if isinstance(written, str) else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
