"""Viber bots: asked for by the account, set up by an operator with the token that Viber gives for each."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import protected_names
from chassis import acts, pages
from chassis.actors import account_of, operator_of
from chassis.database import Session
from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.events import VIBER_GATEWAY_ACT
from contracts.rpc import Actor
from viber_gateway import exceptions
from viber_gateway.domain import invitations
from viber_gateway.models import Sender
from viber_gateway.store import senders as store
from viber_gateway.usecases import views

MOST = 50  # of one account


def list_senders(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> pages.Page:
    """The account's, in order of request."""
    return store.SENDERS.listed(session, views.sender, account_id=account_of(actor), **asked)


def list_all_senders(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> pages.Page:
    """Of every account, for operators."""
    operator_of(actor)
    return store.SENDERS.listed(session, views.operated_sender, account_id=None, **asked)


def request_sender(session: Session, *, actor: Actor, now: datetime, vault: Vault, name: str, title: str) -> views.View:
    """:raises Invalid: a protected name. :raises Conflict: the account has one of that name, or too many."""
    for field, wanted_name in (("name", name), ("title", title)):
        if protected_names.is_protected_id(wanted_name):
            raise exceptions.name_protected(field)
    account_id = account_of(actor)
    if store.count(session, account_id) >= MOST:
        raise exceptions.too_many_senders(MOST)
    wanted = Sender(
        id=new_id(), account_id=account_id, name=name, title=title, state="requested", hook_name=secrets.token_hex(12),
        invitation_key=vault.encrypt(secrets.token_bytes(invitations.KEY_BYTES)),
    )  # fmt: skip
    if not store.add(session, wanted):
        raise exceptions.sender_taken()
    acts.record(session, VIBER_GATEWAY_ACT, actor, "viber_bot.requested", target_id=wanted.id, name=name)
    return views.sender(wanted)


def decide_sender(
    session: Session, *, actor: Actor, now: datetime, vault: Vault, viber_bot_id: UUID, decision: str, reason: str,
    auth_token: str | None = None, uri: str | None = None,
) -> views.View:  # fmt: skip
    """An operator sets it up, changes what it is set up with, or rejects it; the account is shown why.

    Viber is told of the hook by `viber_gateway.outbound`, within seconds. :raises Conflict: an active bot has this URI.
    """
    operator_of(actor)
    sender = store.find(session, viber_bot_id, for_update=True)
    if sender is None:
        raise exceptions.not_found("viber_bot")
    if decision == "activate":
        sender.auth_token, sender.uri = vault.encrypt(str(auth_token).encode()), uri
        sender.state, sender.reason, sender.hook_due_at = store.ACTIVE, None, now
    else:
        sender.state, sender.reason, sender.auth_token, sender.hook_due_at = "rejected", reason, None, None
    sender.updated_at = now
    if not store.keep(session):
        raise exceptions.bot_taken()
    decided: dict[str, Any] = {"name": sender.name, "decision": decision, "account_id": sender.account_id}
    acts.record(session, VIBER_GATEWAY_ACT, actor, "viber_bot.decided", target_id=sender.id, reason=reason, **decided)
    return views.operated_sender(sender)


def get_hook(session: Session, *, actor: Actor, now: datetime, vault: Vault, name: str) -> views.View:
    """What the gateway believes requests by. :raises NotFound: no bot has this hook."""
    sender = store.of_hook(session, name)
    if sender is None or sender.auth_token is None:
        raise exceptions.not_found("viber_bot")
    return {"sender_id": sender.id, "auth_token": vault.decrypt(sender.auth_token).decode()}
