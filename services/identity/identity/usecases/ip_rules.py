"""IP limits (A11): which addresses may use the account, by the panel and by keys; the gateway holds to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.actors import account_of, operator_of
from chassis.database import Session
from contracts.etags import ensure_current
from contracts.events import ACCOUNT_IP_RULES_CHANGED
from contracts.identity.ip_rules import IpRules
from contracts.networks import allows
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import networks
from identity.models import Account
from identity.store import accounts, audit, users
from identity.usecases import mail, proofs, views
from identity.usecases.actors import session_user_of
from identity.usecases.announcements import announce_access_changed

TOLD_AT_ONCE = 200


def get(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """The addresses that may use the account."""
    account = accounts.account(session, account_id=account_of(actor))
    if account is None:
        raise exceptions.not_found("account")
    return views.ip_rules(account)


def set_rules(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    panel: Sequence[str],
    api: Sequence[str],
    if_match: list[str] | None = None,
) -> views.View:
    """Replace the lists; those that would lock out the address that sets them are refused.

    In a session only: its address is one that a person logs in from. A key's is not, and a key that set the panel's
    list could lock every person out.
    """
    user_id = session_user_of(actor)
    proofs.ensure_recent(session, actor=actor, now=now)
    account = accounts.account_for_update(session, account_id=account_of(actor))
    if account is None:
        raise exceptions.not_found("account")
    before = views.ip_rules(account)
    ensure_current(if_match, IpRules, before)
    rules = {"panel": networks.canonical(panel, field="panel"), "api": networks.canonical(api, field="api")}
    if not allows(rules["panel"], actor.get("address") or ""):
        raise exceptions.would_lock_out("panel")
    account.panel_ip_rules, account.api_ip_rules = rules["panel"], rules["api"]
    session.flush()
    details = {"before": before, "after": rules}
    audit.record(session, actor, now, "account.ip_rules_set", account_id=account.id, details=details)
    _announce(session, account)
    user = users.user(session, account_id=account.id, user_id=user_id)
    if user is not None:
        mail.tell(session, actor, "account.ip_rules_set", user)
    return rules


def reset(session: Session, *, actor: Actor, now: datetime, account_id: UUID, reason: str) -> views.View:
    """Take all limits away as an operator: for an account that has locked itself out."""
    operator_of(actor)
    account = accounts.account_for_update(session, account_id=account_id)
    if account is None:
        raise exceptions.not_found("account")
    before = views.ip_rules(account)
    account.panel_ip_rules, account.api_ip_rules = [], []
    session.flush()
    audit.record(
        session, actor, now, "account.ip_rules_reset",
        account_id=account.id, target_id=account.id, reason=reason, details={"before": before},
    )  # fmt: skip
    owner = users.owner_of(session, account_id=account.id)
    if owner is not None:
        mail.tell(session, actor, "account.ip_rules_reset", owner)
    _announce(session, account)
    return views.ip_rules(account)


def _announce(session: Session, account: Account) -> None:
    """To the gateway, and to the ports that partners log in at."""
    announce_access_changed(session, account_id=account.id)
    _tell_ports(session, account)


def tell_untold(session: Session) -> bool:
    """Tell the ports of lists that another release of identity has changed, some at once; whether there may be more."""
    untold = accounts.untold_of_ip_rules(session, limit=TOLD_AT_ONCE)
    for account in untold:
        _tell_ports(session, account)
    return len(untold) == TOLD_AT_ONCE


def _tell_ports(session: Session, account: Account) -> None:
    """:param account: locked, so that what is told later has the greater number."""
    account.api_ip_rules_told = account.api_ip_rules
    outbox.record(
        session,
        ACCOUNT_IP_RULES_CHANGED,
        account_id=account.id,
        api=account.api_ip_rules,
        version=outbox.next_number(session),
    )
