"""Suspension: an operator stops an account at once, sending and all, and lifts that again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.actors import operator_of
from chassis.database import Session
from contracts.events import ACCOUNT_SUSPENSION_CHANGED
from contracts.rpc import Actor
from identity.models import Account
from identity.store import audit, plans
from identity.usecases import views
from identity.usecases.account_locks import open_for_update
from identity.usecases.announcements import announce_access_changed


def suspend(session: Session, *, actor: Actor, now: datetime, account_id: UUID, reason: str) -> views.View:
    """Stop the account: its sessions and keys are refused, its campaigns pause, its links end. Again is harmless."""
    operator_of(actor)
    account = open_for_update(session, account_id)
    if account.suspended_at is None:
        account.suspended_at = now
        _announce(session, actor, now, account, "account.suspended", reason)
    return views.account(account, plans.plan_of(session, account))


def lift(session: Session, *, actor: Actor, now: datetime, account_id: UUID, reason: str) -> views.View:
    """Let the account go on; its campaigns stay paused until somebody of the account resumes them."""
    operator_of(actor)
    account = open_for_update(session, account_id)
    if account.suspended_at is not None:
        account.suspended_at = None
        _announce(session, actor, now, account, "account.suspension_lifted", reason)
    return views.account(account, plans.plan_of(session, account))


def _announce(session: Session, actor: Actor, now: datetime, account: Account, action: str, reason: str) -> None:
    session.flush()
    audit.record(session, actor, now, action, account_id=account.id, target_id=account.id, reason=reason)
    announce_access_changed(session, account_id=account.id)
    outbox.record(
        session,
        ACCOUNT_SUSPENSION_CHANGED,
        account_id=account.id,
        is_suspended=account.suspended_at is not None,
        version=outbox.next_number(session),  # the account is locked
    )
