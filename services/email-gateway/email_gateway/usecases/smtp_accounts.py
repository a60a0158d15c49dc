"""SMTP accounts: made, changed and ended by their customer, and how one logs in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.email_gateway import smtp_accounts as contract
from contracts.email_gateway.smtp_accounts import MOST_ACCOUNTS, MOST_BLOCKED
from contracts.etags import ensure_current
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.domain import smtp_logins
from email_gateway.models import SmtpAccount
from email_gateway.store import smtp_accounts as store
from email_gateway.usecases import views
from email_gateway.usecases.ports import Tools
from email_gateway.usecases.senders import normalised


def list_smtp_accounts(session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int) -> pages.Page:
    rows = store.page(session, account_id=account_of(actor), after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.smtp_account)


def create_smtp_account(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: Tools,
    name: str,
    ip_list: Sequence[str],
    messages_a_minute: int,
    tracks_clicks: bool = False,
    tracks_opens: bool = False,
) -> views.View:
    """With a password that is shown this once. :raises Conflict: the customer has as many as may be."""
    account_id, password = account_of(actor), smtp_logins.new_password()
    store.hold(session, account_id)
    if store.count(session, account_id=account_id) >= MOST_ACCOUNTS:
        raise exceptions.too_many_smtp_accounts(MOST_ACCOUNTS)
    row = SmtpAccount(
        smtp_account_id=tools.new_id(),
        account_id=account_id,
        name=name,
        secret_hash=smtp_logins.hash_of(password),
        ip_list=_canonical(ip_list),
        messages_a_minute=messages_a_minute,
        tracks_clicks=tracks_clicks,
        tracks_opens=tracks_opens,
    )
    store.add(session, row)
    session.refresh(row)
    _record(session, actor, "smtp_account.created", row)
    return {**views.smtp_account(row), "password": password}


def get_smtp_account(session: Session, *, actor: Actor, now: datetime, smtp_account_id: UUID) -> views.View:
    return views.smtp_account(_get(session, actor, smtp_account_id, lock=False))


def update_smtp_account(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    smtp_account_id: UUID,
    if_match: list[str] | None = None,
    **changes: Any,
) -> views.View:
    """What changes holds for messages that come after this, also on connections that are logged in."""
    row = _get(session, actor, smtp_account_id)
    ensure_current(if_match, contract.SmtpAccount, views.smtp_account(row))
    if "ip_list" in changes:
        changes["ip_list"] = _canonical(changes["ip_list"])
    for field, value in changes.items():
        setattr(row, field, value)
    session.flush()
    _record(session, actor, "smtp_account.changed", row, fields=sorted(changes))
    return views.smtp_account(row)


def rotate_smtp_account(session: Session, *, actor: Actor, now: datetime, smtp_account_id: UUID) -> views.View:
    """Another password, shown this once; the old one is worth nothing from now on, also where it is logged in."""
    row, password = _get(session, actor, smtp_account_id), smtp_logins.new_password()
    row.secret_hash = smtp_logins.hash_of(password)
    session.flush()
    _record(session, actor, "smtp_account.rotated", row)
    return {**views.smtp_account(row), "password": password}


def delete_smtp_account(
    session: Session, *, actor: Actor, now: datetime, smtp_account_id: UUID, if_match: list[str] | None = None
) -> None:
    row = _get(session, actor, smtp_account_id)
    ensure_current(if_match, contract.SmtpAccount, views.smtp_account(row))
    _record(session, actor, "smtp_account.deleted", row)
    store.remove(session, account_id=row.account_id, smtp_account_id=smtp_account_id)


def list_blocked_addresses(
    session: Session, *, actor: Actor, now: datetime, smtp_account_id: UUID, cursor: str | None, limit: int
) -> pages.Page:
    _get(session, actor, smtp_account_id, lock=False)
    after = pages.position(cursor)
    rows = store.blocked(session, smtp_account_id=smtp_account_id, after=after, limit=limit + 1)
    return pages.page(rows, limit, views.blocked_address)


def block_addresses(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, smtp_account_id: UUID, emails: Sequence[str]
) -> views.View:
    """:raises Conflict: there would be more than may be."""
    row = _get(session, actor, smtp_account_id)
    store.block(session, row, sorted({normalised(one).lower() for one in emails}), tools.new_id)
    blocked = store.count_blocked(session, smtp_account_id=smtp_account_id)
    if blocked > MOST_BLOCKED:
        raise exceptions.too_many_blocked(MOST_BLOCKED)
    _record(session, actor, "smtp_account.addresses_blocked", row, addresses=len(emails))
    return {"blocked": blocked}


def unblock_address(session: Session, *, actor: Actor, now: datetime, smtp_account_id: UUID, blocked_id: UUID) -> None:
    row = _get(session, actor, smtp_account_id)
    if not store.unblock(session, account_id=row.account_id, smtp_account_id=smtp_account_id, blocked_id=blocked_id):
        raise exceptions.blocked_address_not_found()
    _record(session, actor, "smtp_account.address_unblocked", row)


def _get(session: Session, actor: Actor, smtp_account_id: UUID, *, lock: bool = True) -> SmtpAccount:
    row = store.get(session, account_id=account_of(actor), smtp_account_id=smtp_account_id, lock=lock)
    if row is None:
        raise exceptions.smtp_account_not_found()
    return row


def _canonical(listed: Sequence[str]) -> list[str]:
    try:
        return smtp_logins.canonical(listed)
    except ValueError as error:
        raise exceptions.bad_network(error.args[0]) from None


def _record(session: Session, actor: Actor, act: str, row: SmtpAccount, **details: Any) -> None:
    told = {"name": row.name, **details}
    acts.record(session, EMAIL_GATEWAY_ACT, actor, act, target_id=row.smtp_account_id, **told)
