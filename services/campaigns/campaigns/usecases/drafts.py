"""Campaigns while they are written: create, read, change, delete, duplicate."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.store import campaigns as store
from campaigns.usecases.ports import Ask, Transactions, account_of, channels_to_read, ensure_may
from campaigns.usecases.templates import ensure_fits, made_id
from chassis import acts
from contracts.campaigns import Audience, sender_problems
from contracts.errors import Invalid, NotFound
from contracts.events import CAMPAIGNS_ACT
from contracts.rpc import Actor
from contracts.schema import dump, field_errors
from contracts.vocabulary import CampaignState, Channel

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from campaigns.models import Campaign
    from campaigns.store.pages import Page

COPY_SUFFIX = " (copy)"
NAME_MAX = 200


def create(
    session: Session, *, actor: Actor, now: datetime, channel: Channel, audience: dict[str, Any], **parts: Any
) -> Campaign:
    ensure_may(actor, channel, "write")
    user_id = actor.get("user_id")
    campaign = store.add(
        session,
        id=made_id(actor, "campaign"),
        account_id=account_of(actor),
        channel=channel.value,
        audience=dump(Audience, audience),
        created_by=UUID(user_id) if user_id else None,
        created_at=now,
        updated_at=now,
        **parts,
    )
    if campaign.created_at == now:  # not by the same request before
        named = {"name": campaign.name, "channel": campaign.channel}
        acts.record(session, CAMPAIGNS_ACT, actor, "campaign.created", target_id=campaign.id, **named)
    return campaign


def get(session: Session, *, actor: Actor, campaign_id: UUID) -> Campaign:
    campaign = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
    ensure_may(actor, Channel(campaign.channel), "read")
    return campaign


def page(
    session: Session,
    *,
    actor: Actor,
    channel: Channel | None,
    state: CampaignState | None,
    limit: int,
    cursor: str | None,
) -> Page:
    channels = channels_to_read(actor, channel)
    return store.page(session, account_id=account_of(actor), channels=channels, state=state, limit=limit, cursor=cursor)


def update(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID, **changes: Any) -> Campaign:
    campaign = store.get_for_update(session, account_id=account_of(actor), campaign_id=campaign_id)
    channel = Channel(campaign.channel)
    ensure_may(actor, channel, "write")
    domain.ensure_draft(CampaignState(campaign.state))
    if "content" in changes:
        ensure_fits(channel, changes["content"])
    if problems := sender_problems(channel, changes.get("sender")):
        raise Invalid("request.invalid", "Some fields are not valid.", None, field_errors({"sender": problems}))
    if "audience" in changes:
        changes["audience"] = dump(Audience, changes["audience"])
    for name, value in changes.items():
        setattr(campaign, name, value)
    campaign.updated_at = now
    session.flush()
    acts.record(session, CAMPAIGNS_ACT, actor, "campaign.changed", target_id=campaign.id, fields=sorted(changes))
    return campaign


def remove(database: Transactions, ask: Ask, *, actor: Actor, campaign_id: UUID) -> None:
    """Delete a draft, or a campaign that is over and settled."""
    with database.transaction() as session:
        campaign = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
        ensure_may(actor, Channel(campaign.channel), "write")
        domain.ensure_deletable(CampaignState(campaign.state))
        may_be_reserved = campaign.reserving_at is not None
    if may_be_reserved:
        # A scheduling that failed half-way may have left its reservation behind.
        try:
            ask("identity.release_quota", {"reservation_id": str(domain.reservation_id(campaign_id))})
        except NotFound:
            pass  # it broke off before it reserved anything
    with database.transaction() as session:
        campaign = store.get_for_update(session, account_id=account_of(actor), campaign_id=campaign_id)
        state = CampaignState(campaign.state)
        domain.ensure_deletable(state)
        if state in domain.FINAL and campaign.settled_at is None:
            raise exceptions.still_settling(state)
        store.remove(session, campaign)
        told = {"name": campaign.name, "state": state}
        acts.record(session, CAMPAIGNS_ACT, actor, "campaign.deleted", target_id=campaign.id, **told)


def duplicate(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID, name: str | None) -> Campaign:
    """A new draft with everything but the history of another campaign."""
    original = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
    return create(
        session,
        actor=actor,
        now=now,
        channel=Channel(original.channel),
        name=name or original.name[: NAME_MAX - len(COPY_SUFFIX)] + COPY_SUFFIX,
        sender=original.sender,
        audience=original.audience,
        content=original.content,
        options=original.options,
    )
