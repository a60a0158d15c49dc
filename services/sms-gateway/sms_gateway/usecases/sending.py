"""Single messages: POST /v1/sms, a campaign's test, and what became of one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis import erasures, quota_leases
from chassis.ids import new_id
from contracts import ids
from contracts.errors import Invalid, WiciError
from contracts.sms_gateway import SCHEDULE_MAX_DAYS
from contracts.vocabulary import Lane
from sms_gateway import domain, exceptions
from sms_gateway.rendering import RenderFailed, Template
from sms_gateway.store import directory, sends
from sms_gateway.usecases.contents import count_parts, ensure_sender

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Plan:
    """One send, checked and not stored yet. `request_hash`: of its key, so that a repeat finds what it made."""

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
    trace_id: str


@dataclass(frozen=True)
class TooFewUnits:
    """The send takes more `units` than are `unspent` of its account's lease."""

    account_id: UUID
    units: int
    unspent: int


def plan_send(
    *, account_id: UUID, request_key: str | None, trace_id: str, request: dict[str, Any], now: datetime
) -> Plan:
    """Check a POST /v1/sms as far as that is possible without the database.

    :raises Invalid: the text is too long, the time past or too far.
    """
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
        request_hash=_request_hash(account_id, request_key),
        trace_id=trace_id,
    )


def plan_test(
    session: Session, *, account_id: UUID, request_key: str | None, trace_id: str, request: dict[str, Any]
) -> Plan:
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
        request_hash=_request_hash(account_id, request_key),
        trace_id=trace_id,
    )


def store_sends(
    session: Session, plans: Sequence[Plan], *, now: datetime
) -> list[dict[str, Any] | WiciError | TooFewUnits]:
    """Put sends on disk and on their way, once for each request key, within the units that are leased.

    :returns: for each plan its messages, why it cannot be sent, or what is missing for it.
    """
    active = directory.senders_in_state(session, domain.SenderState.ACTIVE, {_sender(plan) for plan in plans})
    made = sends.made_before(session, {plan.request_hash for plan in plans if plan.request_hash})
    unspent = quota_leases.unspent(session, {plan.account_id for plan in plans})
    answers: list[dict[str, Any] | WiciError | TooFewUnits] = []
    new: dict[UUID, Plan] = {}
    for plan in plans:
        units = len(plan.addresses)
        if _sender(plan) not in active:
            answers.append(exceptions.sender_not_active())
        elif plan.request_hash in made:
            answers.append(_accepted(made[plan.request_hash], plan))
        elif units > unspent.get(plan.account_id, 0):
            answers.append(TooFewUnits(plan.account_id, units, unspent.get(plan.account_id, 0)))
        else:
            unspent[plan.account_id] -= units
            send_id = new_id()
            new[send_id] = plan
            answers.append(_accepted(send_id, plan))
            if plan.request_hash:
                made[plan.request_hash] = send_id
    if new:
        _start(session, new, now)
    return answers


def _start(session: Session, plans: dict[UUID, Plan], now: datetime) -> None:
    erasures.share(session)
    contents = [(plan.account_id, plan.sender, plan.content) for plan in plans.values()]
    hashes = dict(zip(plans, directory.keep_contents(session, contents), strict=True))
    added = sends.add(session, plans, hashes)
    if len(added) < len(plans):
        # Another instance stored the same request in this moment; what it made is found when this is tried again.
        raise exceptions.Raced
    spent: Counter[UUID] = Counter()
    for plan in plans.values():
        spent[plan.account_id] += len(plan.addresses)
    quota_leases.spend(session, spent)
    sends.start(session, plans, hashes, now=now)


def _accepted(send_id: UUID, plan: Plan) -> dict[str, Any]:
    of = ids.message_ids(send_id)
    return {
        "messages": [
            {"id": str(of(number)), "to": address, "parts": plan.parts}
            for number, address in enumerate(plan.addresses, 1)
        ]
    }


def _sender(plan: Plan) -> tuple[UUID, str]:
    return plan.account_id, directory.sender_key(plan.sender)


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


def _request_hash(account_id: UUID, request_key: str | None) -> str | None:
    return hashlib.sha256(f"{account_id}:sms:{request_key}".encode()).hexdigest() if request_key else None
