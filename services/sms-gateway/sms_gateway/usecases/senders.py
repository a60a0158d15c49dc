"""Sender IDs (D1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of, operator_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.errors import Conflict
from contracts.events import SMS_GATEWAY_ACT
from contracts.rpc import Actor
from sms_gateway import exceptions
from sms_gateway.domain import senders as domain
from sms_gateway.models import SenderId
from sms_gateway.store import senders as store
from sms_gateway.usecases import views


def request_sender(session: Session, *, actor: Actor, now: datetime, sender: str) -> SenderId:
    """Ask for a sender ID. A rejected one may be asked for again.

    :raises Invalid: not of the right form, or a protected name.
    :raises Conflict: the account has it already.
    """
    if not domain.is_sender(sender):
        raise exceptions.sender_invalid(
            "A sender ID has 3 to 11 letters, digits and spaces, with a letter among them, or is a phone number."
        )
    if domain.is_protected(sender):
        raise exceptions.sender_protected()
    account_id = account_of(actor)
    wanted = SenderId(
        id=new_id(), account_id=account_id, sender=sender, sender_key=store.sender_key(sender),
        state=domain.SenderState.REQUESTED,
    )  # fmt: skip
    if not store.add_sender(session, wanted):
        raise Conflict("sender.exists", "The account has this sender ID already, or asked for it.")
    acts.record(session, SMS_GATEWAY_ACT, actor, "sender_id.requested", target_id=wanted.id, sender=sender)
    return _found(session, wanted.id, account_id)


def accept_sender(session: Session, *, actor: Actor, now: datetime, sender_id: UUID) -> SenderId:
    """The account's administrator accepts what an operator has verified."""
    found = _found(session, sender_id, account_of(actor))
    sender = _step(session, found, domain.SenderStep.ACCEPT, None, now)
    acts.record(session, SMS_GATEWAY_ACT, actor, "sender_id.accepted", target_id=sender.id, sender=sender.sender)
    return sender


def decide_sender(
    session: Session, *, actor: Actor, now: datetime, sender_id: UUID, decision: str, reason: str
) -> SenderId:
    """An operator verifies, activates or rejects; the account is shown why it was rejected."""
    operator_of(actor)
    step = domain.SenderStep(decision)
    shown = reason if step is domain.SenderStep.REJECT else None
    sender = _step(session, _found(session, sender_id, None), step, shown, now)
    decided: dict[str, Any] = {"sender": sender.sender, "decision": decision, "account_id": sender.account_id}
    acts.record(session, SMS_GATEWAY_ACT, actor, "sender_id.decided", target_id=sender.id, reason=reason, **decided)
    return sender


def list_sender_ids(
    session: Session, *, actor: Actor, now: datetime, state: str | None, cursor: str | None, limit: int
) -> pages.Page:
    """The account's, in order of request."""
    return _page(session, account_of(actor), state, cursor, limit)


def list_all_sender_ids(
    session: Session, *, actor: Actor, now: datetime, state: str | None, cursor: str | None, limit: int
) -> pages.Page:
    """Of every account, for operators."""
    operator_of(actor)
    return _page(session, None, state, cursor, limit)


def _page(session: Session, account_id: UUID | None, state: str | None, cursor: str | None, limit: int) -> pages.Page:
    after = pages.position(cursor)
    rows = store.senders(session, account_id=account_id, state=state, after=after, limit=limit + 1)
    return pages.page(rows, limit, views.sender_id)


def _found(session: Session, sender_id: UUID, account_id: UUID | None) -> SenderId:
    found = store.sender_for_update(session, sender_id, account_id=account_id)
    if found is None:
        raise exceptions.not_found("sender_id")
    return found


def _step(session: Session, sender: SenderId, step: domain.SenderStep, reason: str | None, now: datetime) -> SenderId:
    following = domain.NEXT[domain.SenderState(sender.state)].get(step)
    if following is None:
        raise exceptions.wrong_state("sender_id", sender.state)
    sender.state, sender.reason, sender.updated_at = following, reason, now
    session.flush()
    return sender
