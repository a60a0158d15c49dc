"""IP limits (A11): which addresses may use the account, by the panel and by keys; the gateway holds to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.actors import account_of
from chassis.database import Session
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import networks
from identity.store import accounts, audit
from identity.usecases import views
from identity.usecases.actors import session_user_of
from identity.usecases.announcements import announce_access_changed


def get(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """The addresses that may use the account."""
    account = accounts.account(session, account_id=account_of(actor))
    if account is None:
        raise exceptions.not_found("account")
    return views.ip_rules(account)


def set_rules(session: Session, *, actor: Actor, now: datetime, panel: Sequence[str], api: Sequence[str]) -> views.View:
    """Replace the lists; those that would lock out the address that sets them are refused.

    In a session only: its address is one that a person logs in from. A key's is not, and a key that set the panel's
    list could lock every person out.
    """
    session_user_of(actor)
    account = accounts.account_for_update(session, account_id=account_of(actor))
    if account is None:
        raise exceptions.not_found("account")
    rules = {"panel": networks.canonical(panel, field="panel"), "api": networks.canonical(api, field="api")}
    if not networks.allows(rules["panel"], actor.get("address") or ""):
        raise exceptions.would_lock_out("panel")
    before = views.ip_rules(account)
    account.panel_ip_rules, account.api_ip_rules = rules["panel"], rules["api"]
    session.flush()
    details = {"before": before, "after": rules}
    audit.record(session, actor, now, "account.ip_rules_set", account_id=account.id, details=details)
    announce_access_changed(session, account_id=account.id)
    return rules
