"""A scheduled campaign before it starts: another time, a draft again, and the approval of a second person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.models import Campaign
from campaigns.store.leases import CAMPAIGNS
from campaigns.usecases import views
from campaigns.usecases.life import locked, move
from campaigns.usecases.ports import Ask, ensure_may_on, user_of
from campaigns.usecases.views import Answer
from chassis import acts, waking
from chassis.database import Database, Session
from contracts import events
from contracts.errors import NotFound, Unavailable
from contracts.rpc import Actor
from contracts.vocabulary import CampaignState


def unschedule_campaign(database: Database, *, actor: Actor, now: datetime, ask: Ask, campaign_id: UUID) -> Answer:
    """A draft again, as long as it has not begun. Twice is no error; after a crash the dispatcher returns the quota.

    :raises Conflict: it has started, or is about to at this moment: a dispatcher has it in hand.
    """
    with database.transaction() as session:
        campaign = locked(session, actor, campaign_id)
        ensure_may_on(actor, campaign.channels, "send")
        state = CampaignState(campaign.state)
        if state is CampaignState.DRAFT:
            return views.campaign(campaign)
        _ensure_not_started(campaign, state, now)
        campaign.go_at(None)
        campaign.local_at = campaign.schedule_key = campaign.content_hash = None
        campaign.lease_owner = campaign.lease_expires_at = None
        campaign.fields, campaign.reserving_at = [], now
        campaign.booster_of = campaign.booster_after = None
        void_approval(campaign)
        campaign.awaits_approval = False
        move(session, campaign, CampaignState.DRAFT, now)
        acts.record(
            session, events.CAMPAIGNS_ACT, actor, "campaign.unscheduled", target_id=campaign.id, name=campaign.name
        )
        answer = views.campaign(campaign)
    for name, payload in (
        ("identity.release_quota", {"reservation_id": str(domain.reservation_id(campaign_id))}),
        ("contacts.drop_snapshot", {"snapshot_id": str(domain.snapshot_id(campaign_id))}),
    ):
        try:
            ask(name, payload)
        except (NotFound, Unavailable):
            pass  # nothing is there; or the dispatcher does it, ten minutes from now
    return answer


def reschedule_campaign(
    database: Database, *, actor: Actor, now: datetime, ask: Ask, campaign_id: UUID, at: datetime | None
) -> Answer:
    """Another time for a scheduled campaign; the content and the quota stay as they are. It takes a new approval.

    :raises Conflict: it is not scheduled, or is about to begin.
    """
    time_zone = ask("identity.get_account", {})["time_zone"]
    with database.transaction() as session:
        campaign = locked(session, actor, campaign_id)
        ensure_may_on(actor, campaign.channels, "send")
        if campaign.state != CampaignState.SCHEDULED:
            raise exceptions.not_scheduled(CampaignState(campaign.state))
        _ensure_not_started(campaign, CampaignState.SCHEDULED, now)
        in_own_zones = bool(campaign.options.get("time_zone_field"))
        when = domain.when(at, time_zone, now, in_own_zones=in_own_zones)
        campaign.local_at = when.local_at
        campaign.time_zone, campaign.updated_at, campaign.changed_by = time_zone, now, user_of(actor)
        void_approval(campaign)
        campaign.go_at(when.send_at)
        session.flush()
        waking.wake(session, CAMPAIGNS)
        facts = {"name": campaign.name, "send_at": when.send_at.isoformat()}
        acts.record(session, events.CAMPAIGNS_ACT, actor, "campaign.rescheduled", target_id=campaign.id, **facts)
        return views.campaign(campaign)


def approve_campaign(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    """A second person lets a large campaign go; it goes at its time, or at once where that is over. Twice is no error.

    :raises Forbidden: the same person scheduled it or changed it last, or asks by a key.
    :raises Conflict: it waits for no approval.
    """
    campaign = locked(session, actor, campaign_id)
    ensure_may_on(actor, campaign.channels, "approve")
    user_id = None if actor.get("api_key_id") else user_of(actor)
    if campaign.approved_at is not None and campaign.approved_by == user_id:
        return views.campaign(campaign)
    state = CampaignState(campaign.state)
    if not campaign.awaits_approval or state not in (CampaignState.SCHEDULED, CampaignState.PAUSED):
        raise exceptions.awaits_no_approval(state)
    domain.ensure_second_person(user_id, (campaign.scheduled_by, campaign.changed_by))
    campaign.approved_by, campaign.approved_at, campaign.updated_at = user_id, now, now
    campaign.awaits_approval = False
    campaign.go_at(campaign.goes_at)
    session.flush()
    waking.wake(session, CAMPAIGNS)
    acts.record(session, events.CAMPAIGNS_ACT, actor, "campaign.approved", target_id=campaign.id, name=campaign.name)
    return views.campaign(campaign)


def _ensure_not_started(campaign: Campaign, state: CampaignState, now: datetime) -> None:
    """A dispatcher takes a campaign in hand by its row, which is locked here: it cannot begin behind our back."""
    expires_at = campaign.lease_expires_at
    is_starting = campaign.lease_owner is not None and expires_at is not None and expires_at > now
    domain.ensure_can_unschedule(state, has_started=campaign.send_id is not None, is_starting=is_starting)


def void_approval(campaign: Campaign) -> None:
    """What was approved is not what it is now."""
    campaign.awaits_approval = campaign.awaits_approval or campaign.approved_at is not None
    campaign.approved_by = campaign.approved_at = None
