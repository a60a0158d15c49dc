"""How messages are counted: pure functions from how a message stands to the counters that it moves.

Every counter is a sum over the log: a message contributes to some counters by how it stands, and when it changes, its
old contribution is taken back and its new one added. Replays, duplicates and reordering then change nothing, and the
counters can be recomputed from the log at any time (`python -m reporting.commands.check`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from uuid import UUID

from contracts.vocabulary import Engagement, MessageState
from reporting.domain.states import ENGAGEMENT_CODE, STATE_CODE

STATE_METRICS: tuple[str, ...] = tuple(state.value for state in STATE_CODE)
METRICS: tuple[str, ...] = (
    "messages",
    "sent",
    *STATE_METRICS,
    "parts",
    "cost",
    "opens",
    "unique_opens",
    "clicks",
    "unique_clicks",
    "unsubscribes",
    "complaints",
    "machine_opens",
    "machine_clicks",
    "delivered_unsubscribes",
    "delivered_complaints",
    "answers",
    "dismissed",
)


class Dimension(IntEnum):
    """What a counter is broken down by; its key is the hour, domain, link or device, or the day
    (or hour) and channel."""

    TOTAL = 0
    HOUR = 1
    DOMAIN = 2
    LINK = 3
    DEVICE = 4
    DAY = 5  # of an account, not of a campaign
    ACCOUNT_HOUR = 6  # the same by hours: what moves days from UTC to the account's time zone


CounterKey = tuple[UUID, Dimension, str]
# Acts that are counted as they come, of campaigns alone: each is told once, and no other changes what it counts for.
SINGLE_ACTS = {
    ENGAGEMENT_CODE[Engagement.ANSWERED]: "answers",
    ENGAGEMENT_CODE[Engagement.DISMISSED]: "dismissed",
}


@dataclass
class Tally:
    """Amounts by counter and metric; zero amounts leave no trace."""

    amounts: dict[CounterKey, dict[str, int]] = field(default_factory=dict)
    account_of: dict[CounterKey, UUID] = field(default_factory=dict)

    def add(self, account_id: UUID, key: CounterKey, metric: str, amount: int) -> None:
        if not amount:
            return
        metrics = self.amounts.setdefault(key, {})
        self.account_of[key] = account_id
        metrics[metric] = metrics.get(metric, 0) + amount

    def changes(self) -> list[tuple[CounterKey, UUID, dict[str, int]]]:
        """What is not zero, in the one order in which every process takes the counters' locks."""
        rows = []
        for key in sorted(self.amounts):
            metrics = {metric: amount for metric, amount in self.amounts[key].items() if amount}
            if metrics:
                rows.append((key, self.account_of[key], metrics))
        return rows


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from: what never changes of them. `hour` (UTC) is that of the message id."""

    account_id: UUID
    campaign_id: UUID | None
    channel: str
    hour: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a number of like messages stand at one moment.

    :param sent_hour: when they were handed over, cut to the hour; None when they were not.
    :param opened: how many of them people opened, :param clicked: or clicked.
    """

    state: MessageState | None
    state_hour: datetime | None
    sent_hour: datetime | None
    domain: str
    messages: int = 1
    parts: int = 0
    cost: int = 0
    opens: int = 0
    opened: int = 0
    clicks: int = 0
    clicked: int = 0
    unsubscribes: int = 0
    complaints: int = 0
    machine_opens: int = 0
    machine_clicks: int = 0


def count_single_act(tally: Tally, account_id: UUID, campaign_id: UUID, kind: int, times: int = 1) -> None:
    """Add acts of a kind of `SINGLE_ACTS`."""
    tally.add(account_id, (campaign_id, Dimension.TOTAL, ""), SINGLE_ACTS[kind], times)


def hour_key(hour: datetime) -> str:
    return hour.strftime("%Y-%m-%dT%H:00:00Z")


def day_key(day: date, channel: str) -> str:
    return f"{day.isoformat()} {channel}"


def account_hour_key(hour: datetime, channel: str) -> str:
    return f"{hour:%Y-%m-%dT%H} {channel}"


def count(tally: Tally, origin: Origin, standing: Standing, sign: int) -> None:
    """Add (sign 1) or take back (sign −1) what messages that stand so contribute."""
    totals = _metrics(standing)
    account_id = origin.account_id
    scopes: list[CounterKey] = [
        (account_id, Dimension.DAY, day_key(origin.hour.date(), origin.channel)),
        (account_id, Dimension.ACCOUNT_HOUR, account_hour_key(origin.hour, origin.channel)),
    ]
    if origin.campaign_id is not None:
        scopes.append((origin.campaign_id, Dimension.TOTAL, ""))
        scopes.append((origin.campaign_id, Dimension.DOMAIN, standing.domain))
        for key, metric in _by_hour(origin.campaign_id, standing):
            tally.add(account_id, key, metric, sign * standing.messages)
    for scope in scopes:
        for metric, amount in totals.items():
            tally.add(account_id, scope, metric, sign * amount)


def _metrics(standing: Standing) -> dict[str, int]:
    handed_over = standing.sent_hour is not None
    metrics = {
        "messages": standing.messages,
        "sent": standing.messages if handed_over else 0,
        # Only what was handed over costs anything.
        "parts": standing.parts if handed_over else 0,
        "cost": standing.cost if handed_over else 0,
        "opens": standing.opens,
        "clicks": standing.clicks,
        "unsubscribes": standing.unsubscribes,
        "complaints": standing.complaints,
        "machine_opens": standing.machine_opens,
        "machine_clicks": standing.machine_clicks,
    }
    if standing.state is MessageState.DELIVERED:
        # Rates are shares of the delivered: what is a share of them is counted among them alone.
        metrics |= {
            "unique_opens": standing.opened,
            "unique_clicks": standing.clicked,
            "delivered_unsubscribes": standing.unsubscribes,
            "delivered_complaints": standing.complaints,
        }
    if standing.state is not None:
        metrics[standing.state.value] = standing.messages
    return metrics


def _by_hour(campaign_id: UUID, standing: Standing) -> Iterator[tuple[CounterKey, str]]:
    if standing.sent_hour is not None:
        yield (campaign_id, Dimension.HOUR, hour_key(standing.sent_hour)), "sent"
    if standing.state is not None and standing.state_hour is not None:
        yield (campaign_id, Dimension.HOUR, hour_key(standing.state_hour)), standing.state.value
