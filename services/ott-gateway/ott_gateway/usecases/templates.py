"""Templates of a number: as WhatsApp keeps them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of
from chassis.database import Session, cursor_of
from contracts.events import OTT_GATEWAY_ACT
from contracts.rpc import Actor
from ott_gateway import exceptions
from ott_gateway.models import Sender
from ott_gateway.store import senders, templates
from ott_gateway.usecases import views


def list_templates(
    session: Session, *, actor: Actor, now: datetime, whatsapp_sender_id: UUID, cursor: str | None, limit: int,
    q: str | None = None, status: str | None = None,
) -> pages.Page:  # fmt: skip
    _found(session, actor, whatsapp_sender_id)
    after = pages.position(cursor)
    rows = templates.page(session, whatsapp_sender_id, q=q, status=status, after=after, limit=limit + 1)
    return pages.page(rows, limit, views.template)


def refresh_templates(session: Session, *, actor: Actor, now: datetime, whatsapp_sender_id: UUID) -> None:
    """They are read anew within seconds. :raises Conflict: the number is not active."""
    sender = _found(session, actor, whatsapp_sender_id)
    if sender.state != senders.ACTIVE:
        raise exceptions.not_active()
    senders.want_templates(cursor_of(session), {sender.id})
    acts.record(session, OTT_GATEWAY_ACT, actor, "whatsapp_templates.refreshed", target_id=sender.id, name=sender.name)


def _found(session: Session, actor: Actor, sender_id: UUID) -> Sender:
    found = senders.find(session, sender_id, account_id=account_of(actor))
    if found is None:
        raise exceptions.not_found("whatsapp_sender")
    return found
