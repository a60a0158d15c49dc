"""Single messages: POST /v1/sms, a campaign's test, and what became of one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.ids import new_id
from contracts import ids
from contracts.errors import Invalid
from contracts.sms_gateway import SCHEDULE_MAX_DAYS
from contracts.vocabulary import Lane
from sms_gateway import exceptions
from sms_gateway.rendering import RenderFailed, Template
from sms_gateway.store import directory, sends
from sms_gateway.usecases.contents import count_parts, ensure_sender

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Plan:
    """One send, checked and not stored yet. `reservation_id` is the quota's key: a repeat reserves nothing more."""

    account_id: UUID
    sender: str
    content: dict[str, Any]
    addresses: list[str]
    fields: dict[str, Any]
    parts: int
    lane: Lane
    text: str | None
    external_id: str | None
    schedule_at: datetime | None
    request_hash: str | None
    reservation_id: UUID


def plan_send(
    session: Session, *, account_id: UUID, request_key: str | None, request: dict[str, Any], now: datetime
) -> Plan:
    """Check a POST /v1/sms.

    :raises Invalid: the sender is not active, the text too long, the time past or too far.
    """
    ensure_sender(session, account_id, request["from"])
    counted = count_parts(text=request["text"], replace_diacritics=request["replace_diacritics"])
    _ensure_schedule(request["schedule_at"], now)
    # The text of a single message is what it says: braces in it are braces.
    content = {
        "text": request["text"],
        "literal": True,
        "flash": request["flash"],
        "validity_minutes": request["validity"],
        "replace_diacritics": request["replace_diacritics"],
    }
    return Plan(
        account_id=account_id,
        sender=request["from"],
        content=content,
        addresses=request["to"],
        fields={},
        parts=counted["parts"],
        lane=request["lane"],
        text=counted["text"],
        external_id=request["external_id"],
        schedule_at=request["schedule_at"],
        **_keys(account_id, request_key),
    )


def plan_test(session: Session, *, account_id: UUID, request_key: str | None, request: dict[str, Any]) -> Plan:
    """Check a test of a prepared content, rendered with given fields."""
    row = directory.content(session, request["content_hash"], account_id=account_id)
    if row is None:
        raise exceptions.not_found("content")
    ensure_sender(session, account_id, row.sender)
    try:
        encoded = Template(row.content).encode(request["fields"])
    except RenderFailed as failed:
        raise exceptions.template_invalid(failed.detail) from None
    return Plan(
        account_id=account_id,
        sender=row.sender,
        content=row.content,
        addresses=request["addresses"],
        fields=request["fields"],
        parts=len(encoded.bodies),
        lane=Lane.TRANSACTIONAL,
        text=None,
        external_id=None,
        schedule_at=None,
        **_keys(account_id, request_key),
    )


def store_send(session: Session, plan: Plan, *, now: datetime) -> dict[str, Any]:
    """Put a send on disk and on its way, once for each request key; returns its messages."""
    send_id = new_id()
    kept = sends.add(session, plan, send_id=send_id)
    if kept == send_id:
        content_hash = directory.keep_content(
            session, account_id=plan.account_id, sender=plan.sender, content=plan.content
        )
        sends.start(session, plan, send_id=send_id, content_hash=content_hash, now=now)
    of = ids.message_ids(kept)
    messages = [
        {"id": of(number), "to": address, "parts": plan.parts} for number, address in enumerate(plan.addresses, 1)
    ]
    return {"messages": messages}


def get_message(session: Session, *, account_id: UUID, message_id: UUID) -> dict[str, Any]:
    """:raises NotFound: no such message in the account."""
    found = sends.message(session, account_id=account_id, message_id=message_id)
    if found is None:
        raise exceptions.not_found("message")
    return found


def _ensure_schedule(at: datetime | None, now: datetime) -> None:
    if at is not None and not 0 <= (at - now).total_seconds() <= SCHEDULE_MAX_DAYS * 86_400:
        detail = f"The time must lie between now and {SCHEDULE_MAX_DAYS} days ahead."
        raise Invalid(
            "schedule.invalid", detail, None, [{"field": "schedule_at", "code": "schedule.invalid", "detail": detail}]
        )


def _keys(account_id: UUID, request_key: str | None) -> dict[str, Any]:
    if not request_key:
        return {"request_hash": None, "reservation_id": new_id()}
    name = f"{account_id}:sms:{request_key}"
    return {
        "request_hash": hashlib.sha256(name.encode()).hexdigest(),
        "reservation_id": uuid5(NAMESPACE_URL, name),
    }
