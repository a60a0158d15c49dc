"""Campaigns that follow another one: drafts for those who did or did not, and boosters."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns import exceptions
from campaigns.models import Campaign
from campaigns.store import boosters
from campaigns.store import campaigns as store
from campaigns.usecases import content as contents
from campaigns.usecases import views
from campaigns.usecases.drafts import create_campaign
from campaigns.usecases.life import locked, move
from campaigns.usecases.ports import Ask, ensure_may, ensure_may_on, made_id, user_of
from campaigns.usecases.views import Answer
from chassis import acts, suspensions
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts.campaigns.texts import NAME_MAX
from contracts.contacts.audiences import Audience
from contracts.events import CAMPAIGNS_ACT
from contracts.rpc import Actor
from contracts.schema import dump
from contracts.vocabulary import CampaignState, Channel, FollowUpWho

FOLLOW_UP, BOOSTER = "Follow-up of ", "Booster of "
_ENDED = (CampaignState.CANCELLED, CampaignState.FAILED)


def follow_up_campaign(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: UUID,
    who: FollowUpWho,
    channel: Channel | None,
    name: str | None,
) -> Answer:
    """A draft for those who did, or did not; who they are is seen when it starts."""
    original = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
    ensure_may_on(actor, original.channels, "read")
    is_alike = channel is None or channel == original.channel
    return create_campaign(
        session,
        actor=actor,
        now=now,
        channel=channel or Channel(original.channel),
        name=name or _named(FOLLOW_UP, original.name),
        sender=original.sender if is_alike else None,
        audience=_followers(original, who),
        content=original.content if is_alike else {},
        options={},
    )


def boost_campaign(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    campaign_id: UUID,
    who: FollowUpWho,
    after_minutes: int,
    channel: Channel,
    sender: Any,
    content: dict[str, Any],
) -> Answer:
    """Schedule the booster of a campaign. It is a campaign of its own, without a time until the other has been sent;
    its audience and its quota are taken when it starts.

    :raises Conflict: the campaign tests variants, is a booster, has one that waits, or ended before it was sent.
    :raises Invalid: the channel refuses the content, or it uses a field that nobody has.
    """
    with database.transaction() as session:
        boosted = locked(session, actor, campaign_id)
        ensure_may_on(actor, boosted.channels, "read")
        _ensure_can_be_boosted(session, boosted, made_id(actor, "campaign"))
    ensure_may(actor, channel, "write")
    ensure_may(actor, channel, "send")
    prepared = contents.prepare(ask, channel=channel, sender=sender, content=content)
    time_zone = ask("identity.get_account", {})["time_zone"]
    said = {"channel": channel.value, "sender": sender, "content": content}
    made = {"content_hash": prepared.content_hash, "fields": prepared.fields, "units_each": prepared.units}
    with database.transaction() as session:
        suspensions.refuse(session, account_of(actor))
        boosted = locked(session, actor, campaign_id)
        _ensure_can_be_boosted(session, boosted, made_id(actor, "campaign"))
        when = {"booster_after": after_minutes, "send_at": _time_of(boosted, after_minutes, now)}
        booster = _booster(session, actor, now, boosted, who, time_zone=time_zone, **said, **made, **when)
        if booster.state == CampaignState.DRAFT:  # not by the same request before
            move(session, booster, CampaignState.SCHEDULED, now)
            facts = {"name": booster.name, "booster_of": str(campaign_id)}
            acts.record(session, CAMPAIGNS_ACT, actor, "campaign.boosted", target_id=booster.id, **facts)
        return views.campaign(booster)


def _booster(
    session: Session, actor: Actor, now: datetime, boosted: Campaign, who: FollowUpWho, **columns: Any
) -> Campaign:
    """The booster as a draft, or what the same request made of it before."""
    return store.add(
        session,
        id=made_id(actor, "campaign"),
        account_id=boosted.account_id,
        name=_named(BOOSTER, boosted.name),
        audience=dump(Audience, _followers(boosted, who)),
        options={},
        created_by=user_of(actor),
        changed_by=user_of(actor),
        scheduled_by=user_of(actor),
        created_at=now,
        updated_at=now,
        booster_of=boosted.id,
        trace_id=actor.get("request_id") or str(new_id()),
        **columns,
    )


def _ensure_can_be_boosted(session: Session, campaign: Campaign, booster_id: UUID) -> None:
    """:param booster_id: of the booster that the same request may have made before."""
    if campaign.ab_test is not None:
        raise exceptions.not_boosted("campaign.tests_variants", "A campaign that tests variants has no booster.")
    if campaign.booster_of is not None:
        raise exceptions.not_boosted("campaign.is_booster", "A booster has no booster.")
    if campaign.state in _ENDED:
        raise exceptions.not_boosted("campaign.is_over", f"The campaign is {campaign.state}.")
    if any(one.id != booster_id for one in boosters.waiting_for_update(session, campaign.id)):
        raise exceptions.not_boosted("campaign.has_booster", "The campaign has a booster that waits.")


def _time_of(campaign: Campaign, after_minutes: int, now: datetime) -> datetime | None:
    """When the booster goes of a campaign that has been sent; None while it has not."""
    sent_at = campaign.dispatched_at or campaign.finished_at
    return None if sent_at is None else max(now, sent_at + timedelta(minutes=after_minutes))


def _named(prefix: str, name: str) -> str:
    return prefix + name[: NAME_MAX - len(prefix)]


def _followed_on(campaign: Campaign) -> str | None:
    """The channel whose words for what happened hold; none where there are several."""
    return None if campaign.step_channels else campaign.channel


def _followers(campaign: Campaign, who: FollowUpWho) -> dict[str, Any]:
    chosen: dict[str, Any] = Audience().load({})
    return {
        **chosen,
        "follow_up": {"campaign_id": campaign.id, "who": str(who), "channel": _followed_on(campaign)},
    }
