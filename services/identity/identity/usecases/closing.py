"""Closing an account (A13): asked for by the owner, done by an operator; every service then erases what it held."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.actors import account_of, operator_of
from chassis.database import Database, Session
from contracts.errors import Invalid
from contracts.events import ACCOUNT_CLOSED
from contracts.rpc import Actor
from identity import exceptions
from identity.hashing import Passwords
from identity.models import Account
from identity.store import accounts, audit, erasure, plans, users
from identity.usecases import mail, monthly, throttles, views
from identity.usecases.actors import session_user_of
from identity.usecases.announcements import announce_access_changed


def request(database: Database, *, actor: Actor, now: datetime, passwords: Passwords, password: str) -> views.View:
    """Note that the owner, who gives the password, wants the account closed; it works on until an operator does so."""
    user_id, account_id = session_user_of(actor), account_of(actor)
    counters = throttles.counters_of("password", str(user_id), actor)
    with database.transaction() as session:
        throttles.count_attempt(session, counters, now)
        user = users.user(session, account_id=account_id, user_id=user_id)
    if user is None or not user.is_owner:
        raise exceptions.owner_protected()
    with throttles.unless_busy(database, counters, now):
        is_right = passwords.verify(user.password_hash, password, throttles.session_turn(actor))
    if not is_right:
        raise Invalid.of_field("password", "password.wrong", "This is not your password.")
    with database.transaction() as session:
        throttles.succeed(session, counters, now)
        account = _account(session, account_id)
        if users.as_checked(session, user) is None:
            raise exceptions.session_invalid()
        if account.state == "active":
            account.state = "closing"
            account.closure_requested_at = now
            audit.record(session, actor, now, "account.closure_requested", account_id=account_id)
            mail.tell(session, actor, "account.closure_requested", user)
        return views.account(account, plans.plan_of(session, account))


def withdraw(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """Take back, as the owner, the wish to close the account, while no operator has done it."""
    user = users.user(session, account_id=account_of(actor), user_id=session_user_of(actor))
    if user is None or not user.is_owner:
        raise exceptions.owner_protected()
    account = _account(session, user.account_id)
    if account.state != "closing":
        raise exceptions.conflict("account.not_closing", "Nobody has asked for the account to be closed.")
    account.state = "active"
    account.closure_requested_at = None
    session.flush()
    audit.record(session, actor, now, "account.closure_withdrawn", account_id=account.id)
    mail.tell(session, actor, "account.closure_withdrawn", user)
    return views.account(account, plans.plan_of(session, account))


def close(session: Session, *, actor: Actor, now: datetime, account_id: UUID, reason: str) -> None:
    """Close the account as an operator. A paid plan must be ended first; what the law keeps stays, without persons."""
    operator_of(actor)
    account = _account(session, account_id)
    if account.state == "closed":
        return
    if plans.plan_of(session, account).price_amount > 0:
        raise exceptions.conflict("account.plan_not_ended", "End the paid plan first: move the account to `none`.")
    # Invoices stay as the law has them; so does who the buyer is of what has not been invoiced yet.
    monthly.remember_debtor(session, account, now)
    erasure.erase_account(session, account_id=account_id)
    account.state = "closed"
    account.company = {}
    account.panel_ip_rules = []
    account.api_ip_rules = account.api_ip_rules_told = []
    session.flush()
    audit.record(session, actor, now, "account.closed", account_id=account_id, target_id=account_id, reason=reason)
    announce_access_changed(session, account_id=account_id)
    outbox.record(session, ACCOUNT_CLOSED, account_id=account_id)


def _account(session: Session, account_id: UUID) -> Account:
    account = accounts.account_for_update(session, account_id=account_id)
    if account is None:
        raise exceptions.not_found("account")
    return account
