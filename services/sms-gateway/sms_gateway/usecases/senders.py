"""Sender IDs (D1)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis.ids import new_id
from contracts.errors import Conflict
from sms_gateway import domain, exceptions
from sms_gateway.models import SenderId
from sms_gateway.store import directory
from sms_gateway.usecases.paging import after_of, page

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def request_sender(session: Session, *, account_id: UUID, sender: str, now: datetime) -> SenderId:
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
    wanted = SenderId(
        id=new_id(), account_id=account_id, sender=sender, sender_key=directory.sender_key(sender),
        state=domain.SenderState.REQUESTED,
    )  # fmt: skip
    if not directory.add_sender(session, wanted):
        raise Conflict("sender.exists", "The account has this sender ID already, or asked for it.")
    return _found(session, wanted.id, account_id)


def accept_sender(session: Session, *, account_id: UUID, sender_id: UUID, now: datetime) -> SenderId:
    """The account's administrator accepts what an operator has verified."""
    return _step(session, _found(session, sender_id, account_id), domain.SenderStep.ACCEPT, None, now)


def decide_sender(session: Session, *, sender_id: UUID, decision: str, reason: str, now: datetime) -> SenderId:
    """An operator verifies, activates or rejects; the account is shown why it was rejected."""
    step = domain.SenderStep(decision)
    shown = reason if step is domain.SenderStep.REJECT else None
    return _step(session, _found(session, sender_id, None), step, shown, now)


def list_senders(session: Session, *, account_id: UUID | None, query: dict[str, Any]) -> dict[str, Any]:
    limit = query["limit"]
    rows = directory.senders(
        session, account_id=account_id, state=query.get("state"), after=after_of(query.get("cursor")), limit=limit + 1
    )
    return page(rows, limit)


def _found(session: Session, sender_id: UUID, account_id: UUID | None) -> SenderId:
    found = directory.sender_for_update(session, sender_id, account_id=account_id)
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
