"""Variants of a campaign side by side, counted in the log by the recipients' numbers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contracts.rpc import Actor
from reporting.store import campaigns
from reporting.store import variants as store
from reporting.usecases.views import Answer


def count_variants(
    session: Session, *, actor: Actor, now: datetime, campaign_id: UUID, variants: int, each: int, block: int
) -> Answer:
    """What became of each variant's messages in the test; of a campaign that nothing is known of yet, nothing."""
    account_id = account_of(actor)
    counts = store.count(
        session,
        account_id=account_id,
        campaign_id=campaign_id,
        ranges=campaigns.ranges(session, account_id=account_id, campaign_id=campaign_id),
        variants=variants,
        each=each,
        block=block,
    )
    return {"variants": counts}
