"""A message of an operator's by one carrier, to see that it works."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import operator_of
from chassis.database import Session
from contracts.errors import Conflict
from contracts.events import SMS_GATEWAY_ACT
from contracts.rpc import Actor
from contracts.vocabulary import Lane
from sms_gateway import exceptions
from sms_gateway.domain.senders import SYSTEM_ACCOUNT
from sms_gateway.domain.sends import Plan
from sms_gateway.store import carriers, messages
from sms_gateway.usecases.contents import count_parts
from sms_gateway.usecases.messages import accept

# A carrier that does not take it by then does not work.
VALIDITY_MINUTES = 5
_SHOWN = ("id", "to", "state", "code", "parts", "created_at", "submitted_at", "final_at")


def test_carrier(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    carrier_id: UUID,
    to: str,
    text: str,
    sender: str,
    reason: str,
    national_language: str | None = None,
) -> dict[str, Any]:
    """Send it by this carrier and no other, whatever the routes say; in no account's quota.

    :param national_language: whose tables it is written with, whether or not the carrier is known to take them.

    :raises Conflict: the carrier is switched off.
    """
    operator_of(actor)
    carrier = carriers.carrier(session, carrier_id)
    if carrier is None:
        raise exceptions.not_found("carrier")
    if not carrier.enabled:
        raise Conflict("carrier.disabled", "The carrier is switched off.")
    counted = count_parts(text=text, replace_diacritics=False, national_language=national_language)
    if not counted["text"].strip():
        raise exceptions.text_empty()
    content = {
        "text": text,
        "literal": True,
        "replace_diacritics": False,
        "flash": False,
        "validity_minutes": VALIDITY_MINUTES,
        **({"national_language": national_language} if counted["national_language"] else {}),
    }
    plan = Plan(
        account_id=SYSTEM_ACCOUNT,
        sender=sender,
        content=content,
        addresses=[to],
        fields={},
        parts=counted["parts"],
        lane=Lane.TRANSACTIONAL,
        text=text,
        external_id=str(carrier_id),  # whose test it is, before any carrier has it
        schedule_at=None,
        request_hash=None,
        trace_id=str(actor.get("request_id") or ""),
        carrier_id=carrier_id,
    )
    (message_id,) = accept(session, plan, now=now)
    acts.record(session, SMS_GATEWAY_ACT, actor, "carrier.tested", target_id=carrier_id, reason=reason)
    return get_carrier_test(session, actor=actor, now=now, carrier_id=carrier_id, message_id=message_id)


def get_carrier_test(
    session: Session, *, actor: Actor, now: datetime, carrier_id: UUID, message_id: UUID
) -> dict[str, Any]:
    """What became of it. :raises NotFound: there is no such test of this carrier."""
    operator_of(actor)
    found = messages.message(session, account_id=SYSTEM_ACCOUNT, message_id=message_id)
    # Codes are the platform's own too; theirs have no text that is kept.
    if found is None or found["text"] is None or found["external_id"] != str(carrier_id):
        raise exceptions.not_found("message")
    return {name: found[name] for name in _SHOWN}
