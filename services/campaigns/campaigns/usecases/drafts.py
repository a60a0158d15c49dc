"""Campaigns while they are written: create, read, change, delete, duplicate."""

from __future__ import annotations

from datetime import datetime
from itertools import zip_longest
from typing import Any
from uuid import UUID

from campaigns import domain, exceptions, models
from campaigns.store import campaigns as store
from campaigns.store import people
from campaigns.store import unsubscribe_pages as page_store
from campaigns.usecases import ab_tests, attachments, named_lists, views
from campaigns.usecases.content import ensure_fits, ensure_is_sender
from campaigns.usecases.life import end_boosters
from campaigns.usecases.ports import (
    Ask,
    channels_to_read,
    ensure_may_on,
    made_id,
    may_see_contacts,
    user_of,
)
from campaigns.usecases.views import Answer
from chassis import acts, pages, words
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.campaigns.drafts import Campaign, Options
from contracts.campaigns.steps import CampaignStep
from contracts.campaigns.texts import NAME_MAX
from contracts.contacts.audiences import Audience
from contracts.errors import NotFound
from contracts.etags import ensure_current
from contracts.events import CAMPAIGNS_ACT
from contracts.lists import NEWEST
from contracts.rpc import Actor
from contracts.schema import dump
from contracts.vocabulary import CampaignState, Channel, LeftOut

INT_MAX = 2**31 - 1
COPY_SUFFIX = " (copy)"
DROPPED_AT_ONCE = 10_000
LABELS_DEADLINE = 2.0


def create_campaign(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel | None,
    audience: dict[str, Any],
    ab_test: dict[str, Any] | None = None,
    steps: list[dict[str, Any]] | None = None,
    **columns: Any,
) -> Answer:
    if steps is not None:
        columns |= steps_columns(steps)
        channel = Channel(steps[0]["channel"])
    assert channel is not None
    ensure_may_on(actor, columns.get("step_channels") or [channel], "write")
    ensure_may_follow(session, actor, audience)
    _ensure_options(session, actor, channel, columns["options"])
    campaign = store.add(
        session,
        id=made_id(actor, "campaign"),
        account_id=account_of(actor),
        channel=channel.value,
        audience=dump(Audience, audience),
        options=dump(Options, columns.pop("options")),
        created_by=user_of(actor),
        changed_by=user_of(actor),
        created_at=now,
        updated_at=now,
        **ab_tests.columns_of(ab_test),
        **columns,
    )
    if campaign.created_at == now:  # not by the same request before
        facts = {"name": campaign.name, "channel": campaign.channel}
        acts.record(session, CAMPAIGNS_ACT, actor, "campaign.created", target_id=campaign.id, **facts)
    return views.campaign(campaign)


def steps_columns(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """What a campaign keeps of its steps."""
    return {
        "steps": dump(CampaignStep, steps, many=True),
        "step_channels": [str(Channel(step["channel"])) for step in steps],
    }


def ensure_may_follow(session: Session, actor: Actor, audience: dict[str, Any]) -> None:
    """An audience of those of a campaign tells who they are: it takes the right to read that one.

    :raises Invalid: the account has no such campaign. :raises Forbidden: the actor may not see it.
    """
    if follow_up := audience.get("follow_up"):
        campaign_id = UUID(str(follow_up["campaign_id"]))
        try:
            followed = store.get(session, account_id=account_of(actor), campaign_id=campaign_id, with_content=False)
        except NotFound:
            raise exceptions.nothing_to_follow(campaign_id) from None
        ensure_may_on(actor, followed.channels, "read")
        follow_up["channel"] = None if followed.step_channels else followed.channel


def _ensure_options(session: Session, actor: Actor, channel: Channel, options: dict[str, Any]) -> None:
    """:raises Invalid: the channel has not what they ask for, or the account no such page."""
    attachments.ensure_on_channel(channel, options)
    if page_id := options.get("unsubscribe_page_id"):
        if channel is not Channel.EMAIL:
            raise exceptions.no_page_on_channel()
        if not page_store.is_there(session, account_id=account_of(actor), page_id=UUID(str(page_id))):
            raise exceptions.no_page_to_show()


def get_campaign(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    campaign = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
    ensure_may_on(actor, campaign.channels, "read")
    return views.campaign(campaign)


def get_progress(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    """The figures alone, for a report: whoever may read that may see them."""
    campaign = store.get(session, account_id=account_of(actor), campaign_id=campaign_id, with_content=False)
    progress: Answer = views.campaign(campaign)["progress"]
    return progress


def get_link_labels(database: Database, *, actor: Actor, now: datetime, campaign_id: UUID, ask: Ask) -> Answer:
    """What the places of an e-mail's links are called, as its channel keeps them; variants' side by side."""
    with database.transaction() as session:
        campaign = store.get(session, account_id=account_of(actor), campaign_id=campaign_id, with_content=False)
        hashes = campaign.variant_hashes or ([campaign.content_hash] if campaign.content_hash else [])
        is_email = campaign.channel == Channel.EMAIL
    if not is_email:
        return {"labels": []}
    of_each = [
        ask("email_gateway.get_link_labels", {"content_hash": one}, deadline=LABELS_DEADLINE)["labels"]
        for one in hashes
    ]
    return {"labels": [" / ".join(dict.fromkeys(filter(None, said))) for said in zip_longest(*of_each)]}


def list_campaigns(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel | None,
    state: CampaignState | None,
    folder: str | None = None,
    tag: str | None = None,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    sort: str = NEWEST,
) -> Answer:
    if channel is not None:
        channels_to_read(actor, channel)
    readable = channels_to_read(actor, None)
    fitting = store.fitting(
        account_id=account_of(actor),
        channels=readable,
        channel=channel,
        state=state,
        folder=folder,
        tag=tag,
        words=words.patterns(q),
    )
    return named_lists.page(session, fitting, models.Campaign, views.campaign, limit=limit, cursor=cursor, sort=sort)


def list_left_out(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: UUID,
    reason: LeftOut | None,
    limit: int,
    cursor: str | None,
) -> Answer:
    """Who of the audience was left out when their turn came, and why; those that the channel left out when it tried
    again stand in the message log."""
    account_id = account_of(actor)
    campaign = store.get(session, account_id=account_id, campaign_id=campaign_id, with_content=False)
    ensure_may_on(actor, campaign.channels, "read")
    position = pages.position(cursor)
    rows = store.left_out(
        session,
        account_id=account_id,
        campaign_id=campaign_id,
        reason=None if reason is None else str(reason),
        after=0 if position is None else min(position.int, INT_MAX),
        limit=limit + 1,
    )
    shows_contacts = may_see_contacts(actor)
    items = [views.left_out(row, shows_contact=shows_contacts) for row in rows[:limit]]
    follows = len(rows) > limit
    return {"items": items, "next_cursor": pages.cursor_at(UUID(int=rows[limit - 1].number)) if follows else None}


def update_campaign(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: UUID,
    if_match: list[str] | None = None,
    **changes: Any,
) -> Answer:
    campaign = store.get_for_update(session, account_id=account_of(actor), campaign_id=campaign_id)
    channel = Channel(campaign.channel)
    ensure_may_on(actor, campaign.channels, "write")
    _ensure_is_whole(campaign)
    ensure_current(if_match, Campaign, views.campaign(campaign))
    domain.ensure_draft(CampaignState(campaign.state))
    _ensure_steps_fit(campaign, changes)
    if "content" in changes:
        ensure_fits(channel, changes["content"])
    ensure_is_sender(channel, changes.get("sender"))
    if "audience" in changes:
        ensure_may_follow(session, actor, changes["audience"])
        changes["audience"] = dump(Audience, changes["audience"])
    if "options" in changes:
        _ensure_options(session, actor, channel, changes["options"])
        changes["options"] = dump(Options, changes["options"])
    columns = dict(changes)
    if "steps" in changes:
        columns |= steps_columns(changes["steps"])
        columns["channel"] = columns["step_channels"][0]
        ensure_may_on(actor, columns["step_channels"], "write")
    if "ab_test" in changes:
        ab_tests.ensure_fits(channel, changes["ab_test"])
        columns |= ab_tests.columns_of(changes["ab_test"])
    for name, value in columns.items():
        setattr(campaign, name, value)
    campaign.updated_at, campaign.changed_by = now, user_of(actor)
    session.flush()
    acts.record(session, CAMPAIGNS_ACT, actor, "campaign.changed", target_id=campaign.id, fields=sorted(changes))
    return views.campaign(campaign)


def _ensure_is_whole(campaign: models.Campaign) -> None:
    """:raises Conflict: it is a step of another one, with which it goes."""
    if campaign.step_of is not None:
        raise exceptions.is_a_step(campaign.step_of)


def _ensure_steps_fit(campaign: models.Campaign, changes: dict[str, Any]) -> None:
    """:raises Invalid: a part that a campaign of steps has in its steps, or none; steps of a campaign without."""
    if campaign.steps is None:
        if "steps" in changes:
            raise exceptions.has_no_steps()
        return
    for name in ("sender", "content", "ab_test"):
        if changes.get(name):
            raise exceptions.has_steps(name)
    for name in ("time_zone_field", "attachments", "unsubscribe_page_id"):
        if (changes.get("options") or {}).get(name):
            raise exceptions.has_steps(f"options.{name}")


def delete_campaign(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    campaign_id: UUID,
    if_match: list[str] | None = None,
) -> None:
    """Delete a draft, or a campaign that is over and settled."""
    with database.transaction() as session:
        campaign = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
        ensure_may_on(actor, campaign.channels, "write")
        _ensure_is_whole(campaign)
        ensure_current(if_match, Campaign, views.campaign(campaign))
        domain.ensure_deletable(CampaignState(campaign.state))
        may_be_reserved = campaign.reserving_at is not None
        has_people = campaign.step_channels is not None and campaign.settled_at is not None
    if may_be_reserved:
        # A scheduling that failed half-way may have left its reservation behind.
        try:
            ask("identity.release_quota", {"reservation_id": str(domain.reservation_id(campaign_id))})
        except NotFound:
            pass  # it broke off before it reserved anything
    while has_people:  # a million are too many for the transaction that deletes the campaign
        with database.transaction() as session:
            has_people = people.drop(session, campaign_id, limit=DROPPED_AT_ONCE) == DROPPED_AT_ONCE
    with database.transaction() as session:
        campaign = store.get_for_update(session, account_id=account_of(actor), campaign_id=campaign_id)
        ensure_current(if_match, Campaign, views.campaign(campaign))
        state = CampaignState(campaign.state)
        domain.ensure_deletable(state)
        if state in domain.FINAL and campaign.settled_at is None:
            raise exceptions.still_settling(state)
        end_boosters(session, campaign_id=campaign_id, now=now)
        store.remove(session, campaign)
        facts = {"name": campaign.name, "state": state}
        acts.record(session, CAMPAIGNS_ACT, actor, "campaign.deleted", target_id=campaign.id, **facts)


def duplicate_campaign(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID, name: str | None) -> Answer:
    """A new draft with everything but the history of another campaign."""
    original = store.get(session, account_id=account_of(actor), campaign_id=campaign_id)
    _ensure_is_whole(original)
    return create_campaign(
        session,
        actor=actor,
        now=now,
        channel=Channel(original.channel),
        name=name or original.name[: NAME_MAX - len(COPY_SUFFIX)] + COPY_SUFFIX,
        sender=original.sender,
        audience=original.audience,
        content=original.content,
        options=original.options,
        ab_test=views.ab_test(original),
        steps=original.steps,
        folder=original.folder,
        tags=original.tags,
    )
