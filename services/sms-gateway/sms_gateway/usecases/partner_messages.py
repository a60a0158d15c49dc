"""What partners send over SMPP: checked, planned, and asked about, cancelled or replaced while it waits (D6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import erasures
from chassis.database import Session
from contracts.errors import PlanLimit, Unavailable, WiciError
from contracts.sms_gateway.contents import VALIDITY_MAX
from contracts.sms_gateway.messages import SCHEDULE_MAX_DAYS
from sms_gateway.content import octets
from sms_gateway.content.parts import TooLong
from sms_gateway.domain import smpp_partners
from sms_gateway.domain.sends import Partner, Plan
from sms_gateway.domain.smpp_partners import SmppPartner
from sms_gateway.smpp import times
from sms_gateway.smpp.constants import Address, Status
from sms_gateway.smpp.delivering import CANCELLED
from sms_gateway.smpp.pdu import PduError
from sms_gateway.smpp.requests import Submitted
from sms_gateway.store import partner_messages as store

# Clocks differ: what is scheduled for a moment ago leaves at once.
_SKEW = timedelta(minutes=5)
_BY_CODE = {
    "code.too_many": Status.THROTTLED,
    "sender.not_active": Status.INVALID_SOURCE,
    "account.on_trial": Status.INVALID_DESTINATION,
}


def plan_submitted(partner: SmppPartner, submitted: Submitted, now: datetime) -> tuple[Plan, list[tuple[Address, int]]]:
    """The send that is asked for, and who gets nothing of it.

    :raises PduError: nobody gets anything; its status says why.
    """
    sender = partner.sender(submitted.source[2])
    if sender is None:
        raise PduError("source_addr: not one of the account's sender IDs", status=Status.INVALID_SOURCE)
    phones: dict[str, Address] = {}
    failed: list[tuple[Address, int]] = [((0, 0, name), Status.INVALID_LIST_NAME) for name in submitted.lists]
    for to in submitted.destinations:
        phone = smpp_partners.phone(to)
        if phone is None:
            failed.append((to, Status.INVALID_DESTINATION))
        else:
            phones.setdefault(phone, to)
    if not phones:
        raise PduError("destination_addr: no phone", status=failed[0][1] if failed else Status.INVALID_DESTINATION)
    schedule_at, validity = _times(submitted, now)
    return _plan(partner, submitted, sender, phones, schedule_at, validity), failed


def _plan(
    partner: SmppPartner,
    submitted: Submitted,
    sender: str,
    phones: dict[str, Address],
    schedule_at: datetime | None,
    validity: int | None,
) -> Plan:
    coding, has_header = submitted.data_coding, submitted.has_header
    try:
        bodies = octets.bodies(submitted.octets, coding, has_header=has_header)
    except TooLong as error:
        raise PduError(str(error), status=Status.INVALID_MESSAGE_LENGTH) from None
    content = octets.as_content(
        submitted.octets, coding, has_header=has_header, protocol_id=submitted.protocol_id, validity_minutes=validity,
        parameters=submitted.parameters,
    )  # fmt: skip
    return Plan(
        account_id=partner.account_id,
        sender=sender,
        content=content,
        addresses=list(phones),
        fields={},
        parts=len(bodies),
        lane=partner.lane,
        text=content["text"] or None,
        external_id=None,
        schedule_at=schedule_at,
        request_hash=None,
        trace_id="",
        partner=Partner(
            partner.name, submitted.registered, submitted.source, smpp_partners.written(next(iter(phones.values())))
        ),
        submitter_id=partner.name,
    )


def _times(submitted: Submitted, now: datetime) -> tuple[datetime | None, int | None]:
    """When it leaves, None for at once, and for how many minutes from then on it may be tried."""
    if not (submitted.schedule or submitted.validity or submitted.lives):
        return None, None
    schedule_at = _time(submitted.schedule, now, Status.INVALID_SCHEDULE)
    if schedule_at is not None and not -_SKEW <= schedule_at - now <= timedelta(days=SCHEDULE_MAX_DAYS):
        raise PduError("schedule_delivery_time: past, or too far", status=Status.INVALID_SCHEDULE)
    if schedule_at is not None and schedule_at <= now:
        schedule_at = None
    until = _time(submitted.validity, now, Status.INVALID_EXPIRY)
    if until is None and submitted.lives:
        until = (schedule_at or now) + timedelta(seconds=min(submitted.lives, VALIDITY_MAX * 60))
    if until is None:
        return schedule_at, None
    seconds = (until - (schedule_at or now)).total_seconds()
    if seconds <= 0:
        raise PduError("validity_period: over before it may leave", status=Status.INVALID_EXPIRY)
    return schedule_at, min(max(1, -int(-seconds // 60)), VALIDITY_MAX)


def _time(value: str, now: datetime, status: Status) -> datetime | None:
    try:
        return times.read(value, now)
    except ValueError as error:
        raise PduError(f"time: {error}", status=status) from None


def status_of(error: Exception) -> int:
    """What a partner is answered with where its message was not stored."""
    if isinstance(error, PduError):
        return error.status
    if isinstance(error, PlanLimit):
        return Status.SUBMIT_FAILED
    if isinstance(error, WiciError) and not isinstance(error, Unavailable):
        return _BY_CODE.get(error.code, Status.SUBMIT_FAILED)
    return Status.SYSTEM_ERROR  # try again


# --- ids


def partners_id(message_id: UUID | str) -> str:
    """A message's id as partners have it: 24 hex digits. The last eight of ours are the recipient's number, and there
    is one recipient, or all of a submit_multi."""
    return str(message_id).replace("-", "")[:24]


def message_id_of(partners: str) -> UUID:
    """:raises PduError: it is no id of ours."""
    try:
        if len(partners) != 24:
            raise ValueError
        return UUID(hex=f"{partners}00000001")
    except ValueError:
        raise PduError("message_id: not one of ours", status=Status.INVALID_MESSAGE_ID) from None


# --- what waits


def query(session: Session, partner: SmppPartner, partners: str, source: Address) -> Mapping[str, Any]:
    """State, code and end of one of the partner's messages. :raises PduError: it has none of that id."""
    return _own(session, partner, message_id_of(partners), source, Status.QUERY_FAILED)


def cancel(session: Session, partner: SmppPartner, partners: str, source: Address, now: datetime) -> None:
    """End what waits in the schedule. :raises PduError: it has none of that id, or it does not wait there."""
    message_id = message_id_of(partners)
    erasures.share(session)
    _own(session, partner, message_id, source, Status.CANCEL_FAILED)
    if not store.cancel(session, partner.account_id, message_id, CANCELLED, now):
        raise PduError("it does not wait any more", status=Status.CANCEL_FAILED)


def replace(
    session: Session, partner: SmppPartner, partners: str, source: Address, change: Submitted, now: datetime
) -> None:
    """Put another text, and other times, in the place of what waits in the schedule.

    :raises PduError: it has none of that id, it does not wait there, or the text takes more parts than the one before.
    """
    message_id = message_id_of(partners)
    erasures.share(session)
    found = _own(session, partner, message_id, source, Status.REPLACE_FAILED)
    waiting = store.waiting(session, partner.account_id, message_id)
    if waiting is None:
        raise PduError("it does not wait any more", status=Status.REPLACE_FAILED)
    before = waiting.content
    change.data_coding, change.has_header = before["data_coding"], before["has_header"]
    change.protocol_id, change.parameters = before["protocol_id"], octets.parameters_of(before)
    change.octets = change.octets or octets.of_content(before)
    schedule_at, validity = _times(change, now)
    plan = _plan(
        partner, change, waiting.sender, {found["address"]: source}, schedule_at or waiting.due_at,
        validity or before["validity_minutes"],
    )  # fmt: skip
    if plan.parts > found["parts"]:
        raise PduError("more parts than before", status=Status.REPLACE_FAILED)
    store.replace(session, message_id, plan, waiting.body)


def _own(
    session: Session, partner: SmppPartner, message_id: UUID, source: Address, missing: Status
) -> Mapping[str, Any]:
    found = store.of_partner(session, partner.id, message_id)
    if found is None:
        raise PduError("message_id: none of the partner's", status=Status.INVALID_MESSAGE_ID)
    if source[2] and source[2].lower() != str(found["smpp"]["source"][2]).lower():
        raise PduError("source_addr: not the message's", status=missing)
    return found
