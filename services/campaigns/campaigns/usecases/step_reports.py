"""What a campaign of steps has done: one report over its channels, and its people one by one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import exceptions
from campaigns.domain.people import WHOLE, Figures
from campaigns.models import Campaign
from campaigns.store import campaigns as campaign_store
from campaigns.store import people as store
from campaigns.store import steps as step_store
from campaigns.store.people import Family
from campaigns.usecases import views
from campaigns.usecases.ports import ensure_may_on
from campaigns.usecases.views import Answer
from chassis import pages
from chassis.actors import account_of
from chassis.database import Session
from contracts.ids import message_id
from contracts.rpc import Actor
from contracts.vocabulary import CampaignState, ChainState, Channel

INT_MAX = 2**31 - 1
_SHOWN = (
    "due", "under_way", "reached", "failed", "impossible", "timed_out", "unknown", "saved", "skipped", "sent", "read",
)  # fmt: skip


def get_campaign_steps(session: Session, *, actor: Actor, now: datetime, campaign_id: UUID) -> Answer:
    """:raises NotFound: no such campaign. :raises Invalid: it has no steps."""
    campaign = _readable(session, actor, campaign_id)
    counted, steps = store.counts(session, campaign.id), step_store.of(session, campaign.id)
    progress = views.campaign(campaign)["progress"]
    tried = sum(counted[WHOLE, f"state.{state}"] for state in ChainState)
    to_come = None if campaign.recipients is None else campaign.recipients - tried
    reached_by: dict[Channel, int] = {}
    for place, channel in enumerate(campaign.channels, 1):
        if people := counted[WHOLE, f"by.{place}"]:
            reached_by[Channel(channel)] = reached_by.get(Channel(channel), 0) + people
    return {
        "campaign_id": campaign.id,
        "state": CampaignState(campaign.state),
        "recipients": progress["recipients"],
        "by_state": {state: counted[WHOLE, f"state.{state}"] for state in ChainState},
        "to_come": to_come,
        "reached_by": reached_by,
        "steps": [
            _step(Channel(channel), place, steps[place - 1] if steps else None, counted, to_come or 0)
            for place, channel in enumerate(campaign.channels, 1)
        ],
        "cost": None,
    }


def _step(channel: Channel, place: int, step: Campaign | None, counted: Figures, to_come: int) -> Answer:
    """:param to_come: how many wait of whom nothing is kept yet."""
    return {
        "place": place,
        "channel": channel,
        "campaign_id": None if step is None else step.id,
        "state": None if step is None else CampaignState(step.state),
        "waiting": counted[place, "waiting"] + to_come,
        **{name: counted[place, name] for name in _SHOWN},
        "units": 0 if step is None else step.units,
        "cost": None,
        "progress": None if step is None else views.campaign(step)["progress"],
    }


def list_campaign_people(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    campaign_id: UUID,
    state: ChainState | None,
    reached_by: Channel | None,
    limit: int,
    cursor: str | None,
) -> Answer:
    campaign = _readable(session, actor, campaign_id)
    places = [place for place, channel in enumerate(campaign.channels) if channel == reached_by]
    if reached_by is not None and not places:
        return {"items": [], "next_cursor": None}
    position = pages.position(cursor)
    after = 0 if position is None else min(position.int, INT_MAX)
    rows = store.listed(
        session, campaign_id=campaign.id, after=after, limit=limit + 1, state=state, reached_place=places
    )
    family = store.families(session, [campaign.id]).get(campaign.id)
    items = [] if family is None else [_person(family, row) for row in rows[:limit]]
    follows = len(rows) > limit
    return {"items": items, "next_cursor": pages.cursor_at(UUID(int=rows[limit - 1].number)) if follows else None}


def _person(family: Family, row: Any) -> Answer:
    chain = store.person_of(family, row.number, row.numbers, row.steps).chain
    return {
        "number": row.number,
        "state": chain.state,
        "reached_by": None if chain.reached_by is None else family.steps[chain.reached_by].channel,
        "steps": [
            {
                "place": place + 1,
                "channel": family.steps[place].channel,
                "state": step.state,
                "code": step.code,
                "message_id": _message_id(family, place, row.numbers) if step.asked_at is not None else None,
                **{name: getattr(step, name) for name in ("delivered_at", "read_at", "ended_at")},
                "sent_at": step.left_at,
            }
            for place, step in enumerate(chain.steps)
        ],
    }


def _message_id(family: Family, place: int, numbers: list[int]) -> UUID | None:
    send_id = family.steps[place].send_id
    return None if send_id is None or not numbers[place] else message_id(send_id, numbers[place])


def _readable(session: Session, actor: Actor, campaign_id: UUID) -> Campaign:
    campaign = campaign_store.get(session, account_id=account_of(actor), campaign_id=campaign_id, with_content=False)
    ensure_may_on(actor, campaign.channels, "read")
    if campaign.step_channels is None:
        raise exceptions.without_steps()
    return campaign
