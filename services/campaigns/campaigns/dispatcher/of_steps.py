"""Batches of campaigns that are steps, in the transaction that records them: who has nothing to get any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from campaigns.dispatcher.in_hand import CampaignInHand, Recipient
from campaigns.store.batches import BatchRange, Gone
from campaigns.usecases import step_sending
from campaigns.usecases.step_sending import Locked
from chassis.database import Session
from contracts.vocabulary import LeftOut

Cut = list[tuple[CampaignInHand, BatchRange, list[Recipient]]]
GoneByCampaign = dict[UUID, list[Gone]]


@dataclass(frozen=True)
class OfSteps:
    """The people of those of the campaigns that are steps, locked."""

    locked: Mapping[UUID, Locked]

    @classmethod
    def lock(cls, session: Session, moving: Mapping[UUID, CampaignInHand], cut: Cut, gone: GoneByCampaign) -> OfSteps:
        """Of whom the batches hold, and who is left out; one campaign after the other in one order."""
        steps = [one.leased for one in moving.values() if one.leased.step_of is not None]
        locked = {}
        for step in sorted(steps, key=lambda one: (one.step_of or one.id, one.place or 0)):
            numbers = [one.number for one in gone[step.id]]
            numbers += [one["number"] for _, batch, members in cut if batch.campaign_id == step.id for one in members]
            locked[step.id] = step_sending.lock(session, step, numbers)
        return cls(locked)

    def left(self, cut: Cut, gone: GoneByCampaign) -> tuple[Cut, GoneByCampaign]:
        """The batches without those who need not get them, who are left out for that."""
        if not any(one.excluded for one in self.locked.values()):
            return cut, gone
        kept: Cut = []
        also_gone = {key: list(those) for key, those in gone.items()}
        for campaign, batch, members in cut:
            excluded = self.locked[batch.campaign_id].excluded if batch.campaign_id in self.locked else frozenset[int]()
            also_gone[batch.campaign_id] += [
                Gone(one["number"], LeftOut.REACHED, one["contact_id"]) for one in members if one["number"] in excluded
            ]
            members = [one for one in members if one["number"] not in excluded]
            if members:
                numbers = [one["number"] for one in members]
                kept.append((campaign, BatchRange.of(batch.id, batch.campaign_id, numbers), members))
        return kept, also_gone

    def note(self, session: Session, moved: Collection[UUID], cut: Cut, gone: GoneByCampaign, now: datetime) -> None:
        """What was recorded of them is so: from here on the step may have left."""
        for step_id, locked in self.locked.items():
            if step_id in moved:
                sent_to = [
                    one["number"] for _, batch, members in cut if batch.campaign_id == step_id for one in members
                ]
                step_sending.note(session, locked, sent_to, gone[step_id], now)
