"""What is known beforehand of each step of a campaign: that it could be sent to somebody, and that the plan has it."""

from __future__ import annotations

from campaigns import domain, exceptions
from campaigns.models import Campaign
from campaigns.usecases.ports import Ask

COUNT_DEADLINE = 20.0


def ensure_each_reaches(ask: Ask, campaign: Campaign) -> None:
    """:raises Invalid: nobody can be reached on a step's channel: no address, no consent, all archived.
    :raises PlanLimit: the plan lacks the channel of a step, or not one message of it is left.
    """
    for place, channel in enumerate(campaign.channels):
        wanted = {"channel": channel, "audience": campaign.audience}
        if ask("contacts.count_audience", wanted, deadline=COUNT_DEADLINE)["count"] == 0:
            raise exceptions.nobody_on_step(place)
        if place:
            _ensure_in_plan(ask, campaign, place, channel)


def _ensure_in_plan(ask: Ask, campaign: Campaign, place: int, channel: str) -> None:
    """Reserve one and give it back: how many come to a later step nobody knows, so they are reserved as they come."""
    reservation = {"reservation_id": str(domain.check_reservation_id(campaign.id, place))}
    ask("identity.reserve_quota", {**reservation, "feature": channel, "amount": 1})
    ask("identity.release_quota", reservation)
