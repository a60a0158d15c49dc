"""SMPP accounts (D6): what partners bind with."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.errors import Conflict, Invalid
from contracts.etags import ensure_current
from contracts.events import SMS_GATEWAY_ACT
from contracts.rpc import Actor
from contracts.sms_gateway import smpp_accounts as contract
from sms_gateway import exceptions
from sms_gateway.domain import smpp_passwords
from sms_gateway.models import SmppAccount
from sms_gateway.smpp import tls
from sms_gateway.store import senders
from sms_gateway.store import smpp_accounts as store
from sms_gateway.usecases import views

MOST = 50  # of one account
MOST_CERTIFICATES = 5


def list_smpp_accounts(session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int) -> pages.Page:
    rows = store.accounts(session, account_of(actor), after=pages.position(cursor), limit=limit + 1)
    waiting = store.waiting(session, [row.id for row in rows])
    return pages.page(rows, limit, lambda row: views.smpp_account(row, waiting[row.id]))


def create_smpp_account(session: Session, *, actor: Actor, now: datetime, **settings: Any) -> views.View:
    """The only time that the password is told.

    :raises Invalid: a sender ID that is not active. :raises Conflict: there are `MOST` already.
    """
    account_id = account_of(actor)
    if store.count(session, account_id) >= MOST:
        raise Conflict("smpp_account.too_many", f"An account has at most {MOST} SMPP accounts.")
    password = smpp_passwords.new_password()
    made = SmppAccount(
        id=new_id(), account_id=account_id, system_id=smpp_passwords.new_system_id(), enabled=True,
        password_hash=smpp_passwords.hashed(password), **_checked(session, account_id, settings),
    )  # fmt: skip
    store.add(session, made)
    _record(session, actor, made, "smpp_account.created")
    return {**views.smpp_account(made, 0), "password": password}


def get_smpp_account(session: Session, *, actor: Actor, now: datetime, smpp_account_id: UUID) -> views.View:
    return _shown(session, _found(session, actor, smpp_account_id))


def update_smpp_account(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    smpp_account_id: UUID,
    if_match: list[str] | None = None,
    **settings: Any,
) -> views.View:
    """Change what is named. :raises Invalid: a sender ID that is not active."""
    account = _found(session, actor, smpp_account_id, for_update=True)
    ensure_current(if_match, contract.SmppAccount, _shown(session, account))
    for name, value in _checked(session, account.account_id, settings).items():
        setattr(account, name, value)
    account.updated_at = now
    session.flush()
    _record(session, actor, account, "smpp_account.changed", fields=sorted(settings))
    return _shown(session, account)


def rotate_smpp_password(session: Session, *, actor: Actor, now: datetime, smpp_account_id: UUID) -> views.View:
    """A new password; the old one is worth nothing any more, and the servers end the binds that it made."""
    account = _found(session, actor, smpp_account_id, for_update=True)
    password = smpp_passwords.new_password()
    account.password_hash, account.updated_at = smpp_passwords.hashed(password), now
    session.flush()
    _record(session, actor, account, "smpp_account.rotated")
    return {**_shown(session, account), "password": password}


def delete_smpp_account(
    session: Session, *, actor: Actor, now: datetime, smpp_account_id: UUID, if_match: list[str] | None = None
) -> None:
    account = _found(session, actor, smpp_account_id, for_update=True)
    ensure_current(if_match, contract.SmppAccount, _shown(session, account))
    store.remove(session, account.id)
    _record(session, actor, account, "smpp_account.deleted")


def list_smpp_binds(session: Session, *, actor: Actor, now: datetime, smpp_account_id: UUID) -> views.View:
    account = _found(session, actor, smpp_account_id)
    return {
        "items": [views.smpp_bind(row) for row in store.binds(session, account.id)],
        "last_refused": views.refused_bind(account.last_refused),
    }


def _checked(session: Session, account_id: UUID, settings: dict[str, Any]) -> dict[str, Any]:
    checked = dict(settings)
    if "ip_list" in settings:
        checked["ip_list"] = [_network(each, number) for number, each in enumerate(settings["ip_list"])]
    if settings.get("senders"):
        wanted = {(account_id, senders.sender_key(each)) for each in settings["senders"]}
        active = senders.active_spellings(session, wanted)
        if missing := sorted(key for _, key in wanted - active.keys()):
            detail = f"Not active for the account: {', '.join(missing)}."
            raise Invalid.of_field("senders", "sender.not_active", detail)
        checked["senders"] = sorted(active.values())
    if "client_certificates" in settings:
        checked["client_pins"] = _pins(settings["client_certificates"])
    return checked


def _found(session: Session, actor: Actor, smpp_account_id: UUID, *, for_update: bool = False) -> SmppAccount:
    found: SmppAccount | None = store.account(session, account_of(actor), smpp_account_id, for_update=for_update)
    if found is None:
        raise exceptions.not_found("smpp_account")
    return found


def _shown(session: Session, account: SmppAccount) -> views.View:
    return views.smpp_account(account, store.waiting(session, [account.id])[account.id])


def _record(session: Session, actor: Actor, account: SmppAccount, act: str, **details: Any) -> None:
    acts.record(session, SMS_GATEWAY_ACT, actor, act, target_id=account.id, name=account.name, **details)


def _pins(certificates: str | None) -> list[str]:
    """:raises Invalid: they are none, or more than `MOST_CERTIFICATES`."""
    if certificates is None:
        return []
    try:
        pins = tls.pins_of("client_certificates", certificates)
    except tls.TlsInvalid as invalid:
        raise Invalid.of_field(invalid.name, "smpp_account.certificate_invalid", invalid.detail) from None
    if len(pins) > MOST_CERTIFICATES:
        detail = f"At most {MOST_CERTIFICATES}: the one in use and those that follow it."
        raise Invalid.of_field("client_certificates", "smpp_account.too_many_certificates", detail)
    return pins


def _network(written: str, number: int) -> str:
    """:raises Invalid: neither an address nor a network."""
    try:
        return str(ipaddress.ip_network(written, strict=False))
    except ValueError:
        detail = "Not an IP address or a network, such as 192.0.2.0/24."
        raise Invalid.of_field(f"ip_list.{number}", "network.invalid", detail) from None
