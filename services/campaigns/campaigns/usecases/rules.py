"""Rules of an account's campaigns: read and set."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.store import rules as store
from campaigns.usecases.views import Answer
from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from contracts.campaigns.rules import CampaignRules
from contracts.etags import ensure_current
from contracts.events import CAMPAIGNS_ACT
from contracts.rpc import Actor


def get_campaign_rules(session: Session, *, actor: Actor, now: datetime) -> Answer:
    rules = store.find(session, account_id=account_of(actor))
    return {"quiet_hours": rules.quiet_hours, "approval_above": rules.approval_above}


def set_campaign_rules(
    session: Session, *, actor: Actor, now: datetime, if_match: list[str] | None = None, **rules: Any
) -> Answer:
    """They hold from the next second on, also for what is being sent; the same again changes nothing."""
    account_id = account_of(actor)
    store.lock(session, account_id=account_id)
    before = get_campaign_rules(session, actor=actor, now=now)
    ensure_current(if_match, CampaignRules, before)
    if before != rules:
        store.save(session, account_id=account_id, now=now, **rules)
        acts.record(session, CAMPAIGNS_ACT, actor, "campaign_rules.set", target_id=account_id, **rules)
    return dict(rules)
