"""Closing an account (A13): asked for by the owner, done by an operator; every service then erases what it held."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from chassis import outbox
from chassis.database import Database
from contracts.events import ACCOUNT_CLOSED
from contracts.rpc import Actor
from identity import exceptions
from identity.domain.actors import account_of, operator_of, session_user_of
from identity.hashing import Passwords
from identity.models import Account
from identity.store import accounts, audit, erasure, users
from identity.usecases import monthly, throttles, views
from identity.usecases.accounts import merged_company
from identity.usecases.announcements import announce_access_changed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def request(database: Database, passwords: Passwords, actor: Actor, now: datetime, *, password: str) -> views.View:
    """The owner asks, with the password; the account works on until an operator closes it."""
    user_id, account_id = session_user_of(actor), account_of(actor)
    doors = throttles.doors("password", str(user_id), actor)
    with database.transaction() as session:
        throttles.count_attempt(session, doors, now)
        user = users.user(session, account_id=account_id, user_id=user_id)
    if user is None or not user.is_owner:
        raise exceptions.owner_protected()
    if not passwords.verify(user.password_hash, password):
        raise exceptions.invalid_field("password", "password.wrong", "This is not your password.")
    with database.transaction() as session:
        throttles.succeed(session, doors, now)
        account = _account(session, account_id)
        if users.as_checked(session, user) is None:
            raise exceptions.session_invalid()
        if account.state == "active":
            account.state = "closing"
            account.closure_requested_at = now
            audit.record(session, actor, now, "account.closure_requested", account_id=account_id)
        return views.account(account, accounts.plan_of(session, account))


def close(session: Session, actor: Actor, now: datetime, *, account_id: UUID, reason: str) -> None:
    """An operator closes the account. A paid plan must be ended first; what law keeps stays, without persons in it."""
    operator_of(actor)
    account = _account(session, account_id)
    if account.state == "closed":
        return
    if accounts.plan_of(session, account).price_amount > 0:
        raise exceptions.conflict("account.plan_not_ended", "End the paid plan first: move the account to `none`.")
    # Invoices stay as the law has them; so does who the buyer is of what has not been invoiced yet.
    monthly.remember_debtor(session, account, now)
    erasure.erase_account(session, account_id=account_id)
    account.state = "closed"
    account.company = {}
    account.panel_ip_rules = []
    account.api_ip_rules = []
    session.flush()
    audit.record(session, actor, now, "account.closed", account_id=account_id, target_id=account_id, reason=reason)
    announce_access_changed(session, account_id=account_id)
    outbox.record(session, ACCOUNT_CLOSED, account_id=account_id)


def set_vat_number(
    session: Session, actor: Actor, now: datetime, *, account_id: UUID, vat_number: str, reason: str
) -> views.View:
    """An operator changes the VAT number, also one that is set (A6)."""
    operator_of(actor)
    account = _account(session, account_id)
    if account.state == "closed":
        raise exceptions.account_inactive(account.state)
    before = account.company.get("vat_number", "")
    account.company = merged_company(account, {"vat_number": vat_number}, by_operator=True)
    session.flush()
    audit.record(
        session,
        actor,
        now,
        "account.vat_number_set",
        account_id=account_id,
        target_id=account_id,
        reason=reason,
        details={"before": before, "after": account.company["vat_number"]},
    )
    return views.account(account, accounts.plan_of(session, account))


def _account(session: Session, account_id: UUID) -> Account:
    account = accounts.account_for_update(session, account_id=account_id)
    if account is None:
        raise exceptions.not_found("account")
    return account
