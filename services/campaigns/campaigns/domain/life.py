"""What a campaign may become, what it must have before it leaves, and the ids that name its parts elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import NAMESPACE_OID, UUID, uuid5

from campaigns import exceptions
from contracts.channel import CHANNELS
from contracts.contacts.audiences import names_anybody
from contracts.vocabulary import CampaignState, Channel

NEXT: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.SCHEDULED}),
    CampaignState.SCHEDULED: frozenset(
        {
            CampaignState.DRAFT,
            CampaignState.SENDING,
            CampaignState.PAUSED,
            CampaignState.CANCELLED,
            CampaignState.FAILED,
        }
    ),
    CampaignState.SENDING: frozenset(
        {CampaignState.PAUSED, CampaignState.SENT, CampaignState.CANCELLED, CampaignState.FAILED}
    ),
    CampaignState.PAUSED: frozenset(
        {
            CampaignState.DRAFT,
            CampaignState.SCHEDULED,
            CampaignState.SENDING,
            CampaignState.CANCELLED,
            CampaignState.FAILED,
        }
    ),
    CampaignState.SENT: frozenset(),
    CampaignState.CANCELLED: frozenset(),
    CampaignState.FAILED: frozenset(),
}
FINAL = frozenset(state for state, following in NEXT.items() if not following)
DELETABLE = FINAL | {CampaignState.DRAFT}


def ensure_can_become(present: CampaignState, following: CampaignState) -> None:
    """:raises Conflict: the table has no such step."""
    if following not in NEXT[present]:
        raise exceptions.wrong_state(present, following)


def ensure_draft(present: CampaignState) -> None:
    """:raises Conflict: it has been scheduled, and what was scheduled stays as it was."""
    if present is not CampaignState.DRAFT:
        raise exceptions.not_a_draft(present)


def ensure_deletable(present: CampaignState) -> None:
    """:raises Conflict: it is scheduled, sending or paused."""
    if present not in DELETABLE:
        raise exceptions.still_running(present)


def ensure_paused(present: CampaignState, following: CampaignState) -> None:
    """:raises Conflict: only what is paused can be resumed; what is resumed already stays as it is."""
    if present not in (CampaignState.PAUSED, following):
        raise exceptions.wrong_state(present, following)


def ensure_can_unschedule(present: CampaignState, *, has_started: bool, is_starting: bool) -> None:
    """:raises Conflict: it has started, is starting at this moment, or is over."""
    if has_started or present not in (CampaignState.SCHEDULED, CampaignState.PAUSED):
        raise exceptions.wrong_state(present, CampaignState.DRAFT)
    if is_starting:
        raise exceptions.is_starting()


def ensure_second_person(user_id: UUID | None, others: Iterable[UUID | None]) -> None:
    """:param others: who scheduled the campaign and who changed it last.
    :raises Forbidden: it is one of them, or nobody who is logged in.
    """
    if user_id is None:
        raise exceptions.approved_by_nobody()
    if user_id in set(others):
        raise exceptions.approved_by_the_same()


def state_after_resume(*, has_started: bool) -> CampaignState:
    """A campaign paused before its audience was taken goes back to waiting for its hour."""
    return CampaignState.SENDING if has_started else CampaignState.SCHEDULED


# Ids that must come out the same however often they are made


def reservation_id(campaign_id: UUID) -> UUID:
    """Id of the campaign's quota reservation at identity."""
    return uuid5(NAMESPACE_OID, f"campaign-quota:{campaign_id}")


def check_reservation_id(campaign_id: UUID, place: int) -> UUID:
    """Id of the reservation by which it is seen that the plan has a step's channel; it is returned at once."""
    return uuid5(NAMESPACE_OID, f"campaign-quota-check:{campaign_id}:{place}")


def snapshot_id(campaign_id: UUID) -> UUID:
    """Id of the campaign's audience at contacts."""
    return uuid5(NAMESPACE_OID, f"campaign-audience:{campaign_id}")


def id_for_request(account_id: UUID, request_key: str, noun: str) -> UUID:
    """The same request, made twice, names the same thing."""
    return uuid5(account_id, f"{noun}:{request_key}")


# What a campaign must have before it leaves


def missing_content(channel: Channel, sender: object, content: Mapping[str, object]) -> list[str]:
    """What the message itself still lacks, as field paths."""
    missing = [] if sender else ["sender"]
    return missing + [
        f"content.{names[0]}"
        for names in CHANNELS[channel].required_content
        if not any(str(content.get(name) or "").strip() for name in names)
    ]


def missing_audience(audience: Mapping[str, object]) -> list[str]:
    return [] if names_anybody(audience) else ["audience"]


def ensure_complete(missing: Sequence[str]) -> None:
    """:raises Invalid: names every missing part."""
    if missing:
        raise exceptions.incomplete(missing)


def contact_fields(channel: Channel, variables: Iterable[str]) -> list[str]:
    """The variables of a content that must come from contacts, in a settled order."""
    return sorted(set(variables) - CHANNELS[channel].own_variables)


def own_variables(channel: Channel) -> frozenset[str]:
    """What the channel fills in by itself."""
    return CHANNELS[channel].own_variables


def ensure_known(unknown: Sequence[str]) -> None:
    """:raises Invalid: the content uses fields that no contact can have."""
    if unknown:
        raise exceptions.nobody_has(sorted(unknown))
