"""A campaign of steps as a whole: it starts as many campaigns as it has steps, and ends when all of them have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns import domain, exceptions
from campaigns.domain import chains
from campaigns.domain import people as people_domain
from campaigns.store import boosters
from campaigns.store import campaigns as campaign_store
from campaigns.store import leases as lease_store
from campaigns.store import people as store
from campaigns.store import steps as step_store
from campaigns.store.leases import LeasedCampaign
from campaigns.usecases import content
from campaigns.usecases.content import PreparedContent
from campaigns.usecases.life import announce, end_boosters, follow, pause_with_step
from campaigns.usecases.ports import Ask
from chassis import outbox
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts import events
from contracts.ids import step_campaign_id
from contracts.vocabulary import CampaignState, Channel

FORGOTTEN_AT_ONCE = 5_000


def begin(database: Database, ask: Ask, owner: UUID, campaign: LeasedCampaign, total: int) -> None:
    """scheduled → sending, with a campaign for each step; the first gets the whole audience.

    :raises WiciError: a step cannot be sent, or the quota of the first does not reach for all.
    """
    with database.transaction() as session:
        steps = step_store.written(session, campaign.id)
    sampling = content.sampling_once(ask)
    prepared = [prepare_step(sampling, campaign, step, place) for place, step in enumerate(steps)]
    units = prepared[0].units
    reserved = ask(
        "identity.reserve_quota",
        {
            "reservation_id": str(domain.reservation_id(campaign.id)),
            "feature": str(steps[0]["channel"]),
            "amount": total * units,
        },
    )
    if reserved.get("only_to") is not None:
        raise exceptions.steps_on_trial()
    now = datetime.now(UTC)
    with database.transaction() as session:
        begun = lease_store.begin(
            session, owner=owner, campaign_id=campaign.id, seen_at=campaign.updated_at, send_id=new_id(),
            recipients=total, content_hash=prepared[0].content_hash, units_each=units, reserved_units=total * units,
        )  # fmt: skip
        if not begun:
            return
        for place, (step, made) in enumerate(zip(steps, prepared, strict=True)):
            _begin_step(session, campaign, step, made, place, total if place == 0 else 0, now)
        announce(session, account_id=campaign.account_id, campaign_id=campaign.id, state=CampaignState.SENDING)


def prepare_step(ask: Ask, campaign: LeasedCampaign, step: dict[str, Any], place: int) -> PreparedContent:
    """:raises Invalid: names the part of the step that is refused."""
    with exceptions.in_step(place):
        return content.prepare_measured(
            ask, channel=Channel(step["channel"]), sender=step["sender"], content=step["content"],
            audience=campaign.audience,
        )  # fmt: skip


def _begin_step(
    session: Session, campaign: LeasedCampaign, step: dict[str, Any], made: PreparedContent, place: int, total: int,
    now: datetime,
) -> None:  # fmt: skip
    send_id, step_id = new_id(), step_campaign_id(campaign.id, place)
    channel = Channel(step["channel"])
    step_store.add(
        session,
        campaign_id=campaign.id,
        step_id=step_id,
        place=place,
        send_id=send_id,
        channel=channel,
        name=domain.named_step(campaign.name, place, channel),
        sender=step["sender"],
        content=step["content"],
        options=domain.step_options(campaign.options, step, steps=len(campaign.channels)),
        content_hash=made.content_hash,
        units_each=made.units,
        recipients=total,
        reserved_units=total * made.units,
        fields=made.fields,
        now=now,
    )
    name = domain.named_step(campaign.name, place, channel)
    tell_started(session, campaign.account_id, step_id, send_id, name, channel, total)
    announce(session, account_id=campaign.account_id, campaign_id=step_id, state=CampaignState.SENDING)


def tell_started(
    session: Session, account_id: UUID, step_id: UUID, send_id: UUID, name: str, channel: Channel, total: int
) -> None:
    """Twice is harmless: the later says how many have come to the step in all."""
    outbox.record(
        session, events.CAMPAIGN_STARTED, account_id=account_id, campaign_id=step_id, send_id=send_id,
        name=name, channel=channel, recipients=total,
    )  # fmt: skip


def look_at(database: Database, owner: UUID, campaign: LeasedCampaign) -> bool:
    """Whether the campaign is over, or paused: all its steps are sent; or one has failed or paused by itself, and with
    it the whole."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        kept = next(iter(campaign_store.sending_for_update(session, [campaign.id])), None)
        if kept is None:
            return True
        family = step_store.steps_for_update(session, campaign.id)
        if pausing := next((step for step in family if step.state == CampaignState.PAUSED), None):
            pause_with_step(session, now, kept, pausing)
            return True
        failed = next((step for step in family if step.state == CampaignState.FAILED), None)
        if failed is not None:
            code, detail = failed.failure_code or "campaign.failed", failed.failure_detail or ""
            if lease_store.fail(session, owner=owner, campaign_id=campaign.id, code=code, detail=detail):
                announce(session, account_id=campaign.account_id, campaign_id=campaign.id, state=CampaignState.FAILED)
                follow(session, family, CampaignState.CANCELLED, now)
                end_boosters(session, campaign_id=campaign.id, now=now)
            return True
        if any(step.state != CampaignState.SENT for step in family):
            return False
        if lease_store.finish(session, owner=owner, campaign_id=campaign.id):
            boosters.give_time(session, campaign.id)
            announce(session, account_id=campaign.account_id, campaign_id=campaign.id, state=CampaignState.SENT)
    return True


def is_settled(database: Database, campaign_id: UUID) -> bool:
    """Whether all its steps are: nobody needs its audience any more. Who was due for one is not sent it now."""
    with database.transaction() as session:
        if not step_store.are_settled(session, campaign_id):
            return False
    after = 0
    while True:
        with database.transaction() as session:
            numbers = store.waiting_at_closed(session, campaign_id, after=after, limit=FORGOTTEN_AT_ONCE)
            family = store.families(session, [campaign_id]).get(campaign_id)
            if not numbers or family is None:
                return True
            people = [
                person
                for person in store.lock(session, family, numbers).values()
                if people_domain.is_queued_for(person.chain) is not None
            ]
            for person in people:
                person.chain = chains.never_sent(person.chain)
            if people:
                store.save(session, family, people, now=datetime.now(UTC), rest=timedelta())
            after = numbers[-1]
