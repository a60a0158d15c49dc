"""Applications: what pushes are from, with sealed credentials of each platform."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.etags import ensure_current
from contracts.events import PUSH_GATEWAY_ACT
from contracts.push_gateway import applications as contract
from contracts.rpc import Actor
from push_gateway import exceptions
from push_gateway.domain import proofs
from push_gateway.models import Application
from push_gateway.store import applications as store
from push_gateway.usecases import views
from push_gateway.usecases.ports import Tools
from push_gateway.wires import keys

MOST = 50  # of one account
_SEALED = {"fcm": "fcm_key", "apns": "apns_key"}


def list_applications(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> pages.Page:
    return store.APPLICATIONS.listed(session, views.application, account_id=account_of(actor), **asked)


def create_application(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, name: str, title: str, **settings: Any
) -> views.View:
    """The only time that the proof key is told.

    :raises Invalid: a private key that is none. :raises Conflict: the name is taken, or there are `MOST` already.
    """
    account_id = account_of(actor)
    if store.count(session, account_id) >= MOST:
        raise exceptions.too_many_applications(MOST)
    proof_key, (vapid_key, vapid_pem) = _new_proof_key(), keys.new_vapid()
    made = Application(
        id=new_id(), account_id=account_id, name=name, title=title, app_key=secrets.token_urlsafe(24),
        proof_key=tools.vault.encrypt(proof_key.encode()),
        vapid_key=vapid_key, vapid_pem=tools.vault.encrypt(vapid_pem),
    )  # fmt: skip
    _apply(made, settings, tools)
    if not store.add(session, made):
        raise exceptions.application_taken()
    _record(session, actor, made, "application.created")
    return {**views.application(made), "proof_key": proof_key}


def get_application(session: Session, *, actor: Actor, now: datetime, application_id: UUID) -> views.View:
    return views.application(_found(session, actor, application_id))


def update_application(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: Tools,
    application_id: UUID,
    if_match: list[str] | None = None,
    **settings: Any,
) -> views.View:
    """Change what is named. :raises Invalid: a private key that is none."""
    application = _found(session, actor, application_id, for_update=True)
    ensure_current(if_match, contract.Application, views.application(application))
    _apply(application, settings, tools)
    application.updated_at = now
    session.flush()
    _record(session, actor, application, "application.changed", fields=sorted(settings))
    return views.application(application)


def rotate_proof_key(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, application_id: UUID
) -> views.View:
    """A new proof key; what was proved by the old one stays, and it proves nothing from now on."""
    application = _found(session, actor, application_id, for_update=True)
    proof_key = _new_proof_key()
    application.proof_key, application.updated_at = tools.vault.encrypt(proof_key.encode()), now
    session.flush()
    _record(session, actor, application, "application.rotated")
    return {**views.application(application), "proof_key": proof_key}


def delete_application(
    session: Session, *, actor: Actor, now: datetime, application_id: UUID, if_match: list[str] | None = None
) -> None:
    """With its devices; messages of it that wait are rejected."""
    application = _found(session, actor, application_id, for_update=True)
    ensure_current(if_match, contract.Application, views.application(application))
    store.remove(session, application.id)
    _record(session, actor, application, "application.deleted")


def _apply(application: Application, settings: dict[str, Any], tools: Tools) -> None:
    for name, value in settings.items():
        if name not in _SEALED:
            setattr(application, name, value)
            continue
        pem = None if value is None else value["private_key"].encode()
        if pem is not None and not keys.CHECKS[name](pem):
            raise exceptions.key_invalid(f"{name}.private_key")
        setattr(application, _SEALED[name], pem and tools.vault.encrypt(pem))
        public = None if value is None else {key: one for key, one in value.items() if key != "private_key"}
        setattr(application, name, public)


def _new_proof_key() -> str:
    return secrets.token_urlsafe(proofs.KEY_BYTES)


def _found(session: Session, actor: Actor, application_id: UUID, *, for_update: bool = False) -> Application:
    found = store.find(session, application_id, account_id=account_of(actor), for_update=for_update)
    if found is None:
        raise exceptions.not_found("application")
    return found


def _record(session: Session, actor: Actor, application: Application, act: str, **details: Any) -> None:
    acts.record(session, PUSH_GATEWAY_ACT, actor, act, target_id=application.id, name=application.name, **details)
