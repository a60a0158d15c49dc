"""WhatsApp numbers: asked for by the account, set up by an operator with what Meta knows them by."""

from __future__ import annotations

import hashlib
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
from contracts.events import OTT_GATEWAY_ACT
from contracts.rpc import Actor
from ott_gateway import exceptions
from ott_gateway.models import Sender
from ott_gateway.store import senders as store
from ott_gateway.usecases import views

MOST = 50  # of one account
_SEALED = ("access_token", "app_secret", "verify_token")


def list_senders(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> pages.Page:
    """The account's, in order of request."""
    return store.SENDERS.listed(session, views.sender, account_id=account_of(actor), **asked)


def list_all_senders(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> pages.Page:
    """Of every account, for operators."""
    operator_of(actor)
    return store.SENDERS.listed(session, views.operated_sender, account_id=None, **asked)


def request_sender(session: Session, *, actor: Actor, now: datetime, name: str, title: str, phone: str) -> views.View:
    """:raises Invalid: a protected name. :raises Conflict: the account has one of that name, or too many."""
    for field, wanted_name in (("name", name), ("title", title)):
        if protected_names.is_protected_id(wanted_name):
            raise exceptions.name_protected(field)
    account_id = account_of(actor)
    if store.count(session, account_id) >= MOST:
        raise exceptions.too_many_senders(MOST)
    wanted = Sender(
        id=new_id(), account_id=account_id, name=name, title=title, phone=phone, state="requested",
        hook_name=secrets.token_hex(12),
    )  # fmt: skip
    if not store.add(session, wanted):
        raise exceptions.sender_taken()
    acts.record(session, OTT_GATEWAY_ACT, actor, "whatsapp_sender.requested", target_id=wanted.id, name=name)
    return views.sender(wanted)


def decide_sender(
    session: Session, *, actor: Actor, now: datetime, vault: Vault, whatsapp_sender_id: UUID, decision: str,
    reason: str, **given: Any,
) -> views.View:  # fmt: skip
    """An operator sets it up, changes what it is set up with, or rejects it; the account is shown why.

    :raises Conflict: an active number has this `phone_number_id`: what is told of it is told to one account.
    """
    operator_of(actor)
    sender = store.find(session, whatsapp_sender_id, for_update=True)
    if sender is None:
        raise exceptions.not_found("whatsapp_sender")
    if decision == "activate":
        _set_up(sender, given, vault)
        sender.state, sender.reason, sender.templates_due_at = store.ACTIVE, None, now
    else:
        sender.state, sender.reason = "rejected", reason
        for name in (*_SEALED, "app_hash"):
            setattr(sender, name, None)
    sender.updated_at = now
    if not store.keep(session):
        raise exceptions.number_taken()
    decided: dict[str, Any] = {"name": sender.name, "decision": decision, "account_id": sender.account_id}
    acts.record(
        session, OTT_GATEWAY_ACT, actor, "whatsapp_sender.decided", target_id=sender.id, reason=reason, **decided
    )
    return views.operated_sender(sender)


def _set_up(sender: Sender, given: dict[str, Any], vault: Vault) -> None:
    sender.phone_number_id, sender.business_account_id = given["phone_number_id"], given["business_account_id"]
    for name in _SEALED:
        setattr(sender, name, vault.encrypt(given[name].encode()))
    sender.app_hash = hashlib.sha256(given["app_secret"].encode()).digest()


def get_hook(session: Session, *, actor: Actor, now: datetime, vault: Vault, name: str) -> views.View:
    """What the gateway believes requests by. :raises NotFound: no number has this hook."""
    sender = store.of_hook(session, name)
    if sender is None or sender.app_secret is None or sender.verify_token is None:
        raise exceptions.not_found("whatsapp_sender")
    opened = {name: vault.decrypt(getattr(sender, name)).decode() for name in ("app_secret", "verify_token")}
    return {"sender_id": sender.id, **opened}
