"""Invitations to a bot, each of one contact."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from chassis.secrets import Vault
from contracts.events import VIBER_GATEWAY_ACT
from contracts.rpc import Actor
from viber_gateway import exceptions
from viber_gateway.domain import invitations
from viber_gateway.store import senders
from viber_gateway.usecases.views import View


def create_invitation(
    session: Session, *, actor: Actor, now: datetime, vault: Vault, viber_bot_id: UUID, contact_id: UUID, days: int
) -> View:
    """A link that only this person is to get; nothing of it is kept, it says itself whose it is.

    A contact that is none (any more) comes to nothing: contacts knows nobody of that id.

    :raises NotFound: no such bot in the account. :raises Conflict: it is not active.
    """
    sender = senders.find(session, viber_bot_id, account_id=account_of(actor))
    if sender is None:
        raise exceptions.not_found("viber_bot")
    if sender.state != senders.ACTIVE or sender.uri is None:
        raise exceptions.not_active()
    expires_at = (now + timedelta(days=days)).replace(microsecond=0)
    signed = invitations.sign(vault.decrypt(sender.invitation_key), contact_id, int(expires_at.timestamp()))
    acts.record(session, VIBER_GATEWAY_ACT, actor, "viber_invitation.created", target_id=sender.id, name=sender.name)
    return {"link": invitations.link(sender.uri, signed), "expires_at": expires_at}
