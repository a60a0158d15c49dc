"""The rules of campaigns: the state machine, when a campaign may send, how fast, and whose turn it is.

Values in, values out: no I/O and no clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns import exceptions
from contracts.vocabulary import CampaignState, Channel

# --- The state machine

NEXT: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.SCHEDULED}),
    CampaignState.SCHEDULED: frozenset(
        {CampaignState.SENDING, CampaignState.PAUSED, CampaignState.CANCELLED, CampaignState.FAILED}
    ),
    CampaignState.SENDING: frozenset(
        {CampaignState.PAUSED, CampaignState.SENT, CampaignState.CANCELLED, CampaignState.FAILED}
    ),
    CampaignState.PAUSED: frozenset(
        {CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.CANCELLED, CampaignState.FAILED}
    ),
    CampaignState.SENT: frozenset(),
    CampaignState.CANCELLED: frozenset(),
    CampaignState.FAILED: frozenset(),
}
FINAL = frozenset(state for state, following in NEXT.items() if not following)
DELETABLE = FINAL | {CampaignState.DRAFT}


def ensure_can_become(present: CampaignState, wanted: CampaignState) -> None:
    """:raises Conflict: the table has no such step."""
    if wanted not in NEXT[present]:
        raise exceptions.wrong_state(present, wanted)


def ensure_draft(present: CampaignState) -> None:
    """:raises Conflict: it has been scheduled, and what was scheduled stays as it was."""
    if present is not CampaignState.DRAFT:
        raise exceptions.not_a_draft(present)


def ensure_deletable(present: CampaignState) -> None:
    """:raises Conflict: it is scheduled, sending or paused."""
    if present not in DELETABLE:
        raise exceptions.still_running(present)


def ensure_paused(present: CampaignState, wanted: CampaignState) -> None:
    """:raises Conflict: only what is paused can be resumed; what it would become already is let be."""
    if present not in (CampaignState.PAUSED, wanted):
        raise exceptions.wrong_state(present, wanted)


def state_after_resume(*, has_started: bool) -> CampaignState:
    """A campaign paused before its audience was taken goes back to waiting for its hour."""
    return CampaignState.SENDING if has_started else CampaignState.SCHEDULED


# --- Ids that must come out the same however often they are made


def reservation_id(campaign_id: UUID) -> UUID:
    """Id of the campaign's quota reservation at identity."""
    return uuid5(NAMESPACE_OID, f"campaign-quota:{campaign_id}")


def snapshot_id(campaign_id: UUID) -> UUID:
    """Id of the campaign's audience at contacts."""
    return uuid5(NAMESPACE_OID, f"campaign-audience:{campaign_id}")


def id_for_request(account_id: UUID, request_key: str, noun: str) -> UUID:
    """The same request, made twice, names the same thing."""
    return uuid5(account_id, f"{noun}:{request_key}")


# --- What a campaign must have before it leaves

REQUIRED_CONTENT: dict[Channel, tuple[str, ...]] = {
    Channel.SMS: ("text",),
    Channel.EMAIL: ("subject", "html"),
}
# Names that a channel fills in by itself.
CHANNEL_VARIABLES: dict[Channel, frozenset[str]] = {
    Channel.SMS: frozenset(),
    Channel.EMAIL: frozenset({"unsubscribe_url"}),
}


def missing_content(channel: Channel, sender: object, content: Mapping[str, object]) -> list[str]:
    """What the message itself still lacks, as field paths."""
    missing = [] if sender else ["sender"]
    return missing + [
        f"content.{name}" for name in REQUIRED_CONTENT[channel] if not str(content.get(name) or "").strip()
    ]


def missing_audience(audience: Mapping[str, Sequence[object]]) -> list[str]:
    return [] if audience.get("groups") or audience.get("segments") else ["audience"]


def ensure_complete(missing: Sequence[str]) -> None:
    """:raises Invalid: names every missing part."""
    if missing:
        raise exceptions.incomplete(missing)


def contact_fields(channel: Channel, variables: Iterable[str]) -> list[str]:
    """The variables of a content that must come from contacts, in a settled order."""
    return sorted(set(variables) - CHANNEL_VARIABLES[channel])


def ensure_known(unknown: Sequence[str]) -> None:
    """:raises Invalid: the content uses fields that no contact can have."""
    if unknown:
        raise exceptions.nobody_has(sorted(unknown))


# --- When

LATENESS_ALLOWED = timedelta(minutes=5)
FURTHEST = timedelta(days=366)


def send_at(at: datetime | None, time_zone: str, now: datetime) -> datetime:
    """The UTC moment to start at; a time without an offset is the account's local time.

    :raises Invalid: more than five minutes ago, or more than a year ahead.
    """
    if at is None:
        return now
    moment = (at if at.tzinfo else at.replace(tzinfo=zone_of(time_zone))).astimezone(UTC)
    if moment < now - LATENESS_ALLOWED:
        raise exceptions.in_the_past()
    if moment > now + FURTHEST:
        raise exceptions.too_far_ahead()
    return moment


def zone_of(name: str | None) -> ZoneInfo:
    """The zone of that name; UTC for none, or one that this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


@dataclass(frozen=True)
class QuietHours:
    """Local times between which nothing starts; `start` after `end` spans midnight."""

    start: time
    end: time


def quiet_hours_of(options: Mapping[str, object]) -> QuietHours | None:
    """Quiet hours as a campaign's options write them: `{"start": "21:00", "end": "08:00"}`."""
    written = options.get("quiet_hours")
    if not isinstance(written, Mapping):
        return None
    return QuietHours(time.fromisoformat(str(written["start"])), time.fromisoformat(str(written["end"])))


def is_quiet(quiet_hours: QuietHours | None, local: datetime) -> bool:
    """Whether `local`, a time in the account's zone, lies in [start, end)."""
    if quiet_hours is None:
        return False
    now = local.time()
    if quiet_hours.start < quiet_hours.end:
        return quiet_hours.start <= now < quiet_hours.end
    return now >= quiet_hours.start or now < quiet_hours.end


# --- How fast

# How far the pace may lag behind the clock and catch up: the dispatcher looks a few times a second.
SLACK = timedelta(seconds=1)


@dataclass(frozen=True)
class Throttle:
    """At most `per_hour` recipients in any hour, wherever the hour begins.

    Recipients go in portions of at most one second's worth, and each pushes the next portion back by its cost. Between
    the first and the last portion of any hour lies less than an hour, so all but the last cost less than
    3600 + slack seconds; the cost is chosen so that the last portion fits as well.
    """

    per_hour: int

    @property
    def portion(self) -> int:
        return max(1, self.per_hour // 3600)

    @property
    def seconds_each(self) -> float:
        return (3600 + SLACK.total_seconds()) / (self.per_hour - self.portion + 1)

    def allowed(self, next_at: datetime | None, now: datetime) -> int:
        """How many recipients may go at `now` in one portion; 0 before `next_at`."""
        return 0 if next_at is not None and now < next_at else self.portion

    def after(self, next_at: datetime | None, now: datetime, count: int) -> datetime:
        """The least time of the next portion once `count` have gone at `now`."""
        start = now if next_at is None else max(next_at, now - SLACK)
        return start + timedelta(seconds=count * self.seconds_each)


# --- Whose turn


@dataclass(frozen=True)
class Turn:
    """A campaign that could send now: how many batches it has ready, how many of its batches are in flight."""

    campaign_id: UUID
    account_id: UUID
    channel: Channel
    ready: int
    in_flight: int


@dataclass(frozen=True)
class Windows:
    """Most batches in flight: of one campaign, of one account, of one channel over all accounts.

    An account always gets `guaranteed` of them, so that a few whose batches do not move cannot hold up the rest.
    """

    campaign: int = 16
    account: int = 32
    channel: int = 96
    guaranteed: int = 2


def fair_order(turns: Sequence[Turn], in_flight: Mapping[tuple[UUID, Channel], int], windows: Windows) -> list[UUID]:
    """Which campaigns send a batch now, in order; a campaign stands there once for each batch.

    The next slot always goes to the account with the least in flight on that channel, and within it to the campaign
    with the least: one account's million waits beside another's hundred, never before it.

    :param in_flight: batches in flight by account and channel, those of campaigns that cannot send now included.
    """
    order: list[UUID] = []
    for channel in Channel:
        order += _order_on_channel([turn for turn in turns if turn.channel is channel], channel, in_flight, windows)
    return order


def _order_on_channel(
    turns: Sequence[Turn], channel: Channel, in_flight: Mapping[tuple[UUID, Channel], int], windows: Windows
) -> list[UUID]:
    by_account: dict[UUID, int] = {turn.account_id: in_flight.get((turn.account_id, channel), 0) for turn in turns}
    total = sum(count for (_, of_channel), count in in_flight.items() if of_channel is channel)
    left = {turn.campaign_id: min(turn.ready, windows.campaign - turn.in_flight) for turn in turns}
    # (in flight of the account, in flight of the campaign, place): the place keeps equal ones in the order given.
    queue = [(by_account[turn.account_id], turn.in_flight, place) for place, turn in enumerate(turns)]
    heapq.heapify(queue)
    order: list[UUID] = []
    while queue:
        of_account, of_campaign, place = heapq.heappop(queue)
        turn = turns[place]
        if left[turn.campaign_id] <= 0:
            continue
        held = by_account[turn.account_id]
        if of_account != held:
            # Another campaign of the account has got a slot meanwhile.
            heapq.heappush(queue, (held, of_campaign, place))
            continue
        if held >= windows.account or (total >= windows.channel and held >= windows.guaranteed):
            continue
        order.append(turn.campaign_id)
        left[turn.campaign_id] -= 1
        by_account[turn.account_id] += 1
        total += 1
        heapq.heappush(queue, (by_account[turn.account_id], of_campaign + 1, place))
    return order
