"""How fast a campaign goes: the throttle that its owner set, and how far ahead of its channel it may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.channel import CHANNELS
from contracts.lanes import BATCH_SIZE
from contracts.vocabulary import Channel

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


SMALLEST_BATCH = 50
LOOK_FIRST, LOOK_LAST = 2.0, 60.0


def in_flight_allowed(channel: Channel, per_second: float | None, window: int) -> int:
    """Recipients of one campaign that may be in flight, given the pace at which the channel settles them.

    :param per_second: None while nothing is known of the pace.
    :param window: the most, in full batches.
    """
    facts = CHANNELS[channel]
    reach = max(facts.reach_least, int((per_second or 0.0) * facts.reach_seconds))
    return min(reach, window * BATCH_SIZE)


def batch_size(allowed: int) -> int:
    """Recipients in one batch, so that a few batches are in flight whatever the pace."""
    step = SMALLEST_BATCH
    return max(step, min(BATCH_SIZE, allowed // 4 // step * step))


def next_look(since: float) -> float:
    """Seconds until a channel is asked again what it still has to try, `since` seconds after the last batch."""
    return min(max(LOOK_FIRST, since / 5), LOOK_LAST)
