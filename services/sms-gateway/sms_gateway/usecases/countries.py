"""The countries that an account may send SMS to, which operators set."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts
from chassis.actors import operator_of
from chassis.database import Session
from contracts.events import SMS_GATEWAY_ACT
from contracts.rpc import Actor
from sms_gateway.store import account_countries


def get_sms_countries(session: Session, *, actor: Actor, now: datetime, account_id: UUID) -> dict[str, Any]:
    operator_of(actor)
    found = account_countries.of_accounts(session, [account_id]).get(account_id)
    return {"account_id": account_id, "countries": None if found is None else sorted(found)}


def set_sms_countries(
    session: Session, *, actor: Actor, now: datetime, account_id: UUID, countries: list[str] | None, reason: str
) -> dict[str, Any]:
    """None: anywhere. Single messages elsewhere are refused, recipients of campaigns rejected and not charged."""
    operator_of(actor)
    account_countries.put(session, account_id, None if countries is None else set(countries))
    acts.record(
        session, SMS_GATEWAY_ACT, actor, "account.sms_countries_changed", account_id=account_id, target_id=account_id,
        reason=reason, countries=countries,
    )  # fmt: skip
    return get_sms_countries(session, actor=actor, now=now, account_id=account_id)
