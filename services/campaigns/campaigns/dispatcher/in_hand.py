"""A campaign in the dispatcher's hands: what has been read of its audience and not yet sent."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from campaigns import domain
from campaigns.store.batches import BatchRange, Gone, InFlight
from campaigns.store.leases import LeasedCampaign
from campaigns.usecases.dispatch import Page
from contracts.ids import MAX_NUMBER
from contracts.lanes import BATCH_SIZE
from contracts.vocabulary import CampaignState

Recipient = dict[str, Any]
PACE_SECONDS = 5.0
READS_AT_ONCE = 3
PAGE = 5000
# Recipients in one page each of all campaigns, about 500 bytes each: pages get smaller as campaigns get more.
READ_AHEAD = 30_000
# A field may hold a thousand characters, and a hundred of them half a megabyte of a recipient. What is read at once or
# goes in one batch is bounded by that too: a message that the broker refuses closes the channel for all campaigns.
FIELDS_IN_A_PAGE = 50_000
MOST_CHARACTERS = 2_000_000
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)


def page_size(campaigns: int) -> int:
    """Recipients to ask for at once when so many campaigns are being sent; full batches."""
    return min(PAGE, max(BATCH_SIZE, READ_AHEAD // max(1, campaigns) // BATCH_SIZE * BATCH_SIZE))


@dataclass
class CampaignInHand:
    """`again` are batches to be published once more; `task` is the one step that runs for it on a worker thread."""

    leased: LeasedCampaign
    buffer: deque[Recipient] = field(default_factory=deque)
    # Who is not to be sent to, and is not counted yet: (number, reason), in order.
    left_out: deque[tuple[int, str]] = field(default_factory=deque)
    contact_by_number: dict[int, str] = field(default_factory=dict)
    # Reads under way, in order of the numbers: (highest number asked for, page).
    reads: deque[tuple[int, Future[Page]]] = field(default_factory=deque)
    read_to: int = 0
    asked_to: int = 0
    # Reads under way when what had been read was let go; None while there is nothing to tell contacts of.
    let_go: list[Future[Page]] | None = None
    again: list[BatchRange] = field(default_factory=list)
    task: Future[Any] | None = None
    task_name: str = ""
    retry_at: float = 0.0
    failures: int = 0
    # When how many had been counted, for as long as the pace is measured.
    counts: deque[tuple[float, int]] = field(default_factory=deque)
    size: int = BATCH_SIZE

    def __post_init__(self) -> None:
        self.read_to = self.asked_to = self.leased.dispatched_to
        throttle = self.leased.options.get("throttle_per_hour")
        self.throttle = domain.Throttle(throttle) if throttle else None
        self.quiet_hours = self.leased.options.get("quiet_hours")
        self.hours = self._hours()
        self.never_open = self.hours.never_open
        self.zone = domain.zone_of(self.leased.time_zone)
        self.zone_field = self.leased.options.get("time_zone_field")
        # Nothing is read before this moment: who would come first may not be sent to yet.
        self.closed_until: datetime | None = None
        self.dispatched_to = self.leased.dispatched_to
        self.next_portion_at = self.leased.next_portion_at

    @property
    def is_sending(self) -> bool:
        return self.leased.state is CampaignState.SENDING

    def is_as(self, leased: LeasedCampaign) -> bool:
        """Whether the database has the campaign where it is here: nobody moved it meanwhile."""
        return self.leased.state is leased.state and self.dispatched_to == leased.dispatched_to

    @property
    def may_reach(self) -> int:
        """The last number that may be read now: while a test of variants has no winner, the last one of the test."""
        split = self.leased.split
        is_testing = split is not None and self.leased.winner is None
        return split.tested if split is not None and is_testing else self.leased.recipients or 0

    @property
    def ended(self) -> bool:
        """Whether everybody has been read who may be read now."""
        return self.leased.recipients is not None and self.read_to >= self.may_reach

    @property
    def is_moving_on(self) -> bool:
        """Whether nobody is left to send to, of those who have been read, and some of them are left out."""
        return self.is_sending and bool(self.left_out) and not self.buffer

    @property
    def is_through(self) -> bool:
        """Whether everybody is in a batch or left out who may be read now."""
        return self.ended and not self.buffer and not self.left_out

    @property
    def is_tested(self) -> bool:
        """Whether it is through with a test of variants that nobody has won."""
        return self.is_through and self.leased.split is not None and self.leased.winner is None

    def _hours(self) -> domain.Hours:
        of_step, of_account = self.leased.options.get("step_quiet_hours"), self.leased.account_quiet_hours
        return domain.hours_of(self.quiet_hours, of_step, of_account, local_at=self.leased.local_at)

    def zone_for(self, recipient: Recipient) -> ZoneInfo:
        """The zone whose hours count for a recipient: the one that their field names, else the account's."""
        named = (recipient.get("fields") or {}).get(self.zone_field) if self.zone_field else None
        return domain.zone_named(named) or self.zone

    def open_now(self, now: datetime, most: int) -> int:
        """How many of those read, from the first on, may be sent to now; of no more than `most` is it looked up.

        While the first may not, what was read is let go, and nobody is read before they may: what they have done by
        then counts.
        """
        if self.hours == domain.Hours():
            return len(self.buffer)
        count = self._count_open(now, max(1, most))
        if self.buffer and not count:
            self.closed_until = self.hours.opens_at(self.zone_for(self.buffer[0]), now)
            self.forget_read()
        return count

    def _count_open(self, now: datetime, most: int) -> int:
        if self.zone_field is None:
            return len(self.buffer) if self.hours.is_open(self.zone, now) else 0
        is_open = cache(lambda zone: self.hours.is_open(zone, now))
        return sum(1 for _ in takewhile(lambda one: is_open(self.zone_for(one)), islice(self.buffer, most)))

    def forget_read(self) -> None:
        """Let go of what was read and is in no batch."""
        if self.asked_to > self.dispatched_to:
            self.let_go = [page for _, page in self.reads]
        self.buffer.clear()
        self.left_out.clear()
        self.contact_by_number.clear()
        self.reads.clear()
        self.read_to = self.asked_to = self.dispatched_to

    def pause(self) -> None:
        """Read and send no more of it."""
        self.forget_read()
        self.again.clear()
        self.retry_at = 0.0
        self.leased = replace(self.leased, state=CampaignState.PAUSED)

    def note(self, leased: LeasedCampaign) -> None:
        """Take over what the database says now, and measure the channel's pace by it."""
        are_rules_new = leased.account_quiet_hours != self.leased.account_quiet_hours
        self.leased = leased
        if are_rules_new:
            self.hours, self.closed_until = self._hours(), None
            self.never_open = self.hours.never_open
        now = time.monotonic()
        if len(self.counts) == 1 and self.counts[0][1] == leased.counted:
            # Nothing has been settled yet: the pace is measured from where it begins.
            self.counts.clear()
        self.counts.append((now, leased.counted))
        while now - self.counts[0][0] > PACE_SECONDS:
            self.counts.popleft()

    def per_second(self) -> float | None:
        """Recipients a second that the channel settles; None until two looks show some."""
        if len(self.counts) < 2:
            return None
        (first_at, first), (last_at, last) = self.counts[0], self.counts[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else None

    def turn(self, now: datetime, in_flight: InFlight | None, window: int) -> domain.Turn | None:
        """What it could send now, beside what it has in flight; None for nothing."""
        if not self.is_sending or self.leased.is_short_of_units:
            return None
        batches, recipients = (in_flight.batches, in_flight.recipients) if in_flight else (0, 0)
        ready = self.batches_ready(now, recipients, window)
        leased = self.leased
        return domain.Turn(leased.id, leased.account_id, leased.channel, ready, batches) if ready else None

    def batches_ready(self, now: datetime, in_flight: int, window: int) -> int:
        """How many batches could go now, with so many recipients in flight; only the audience's last may be short."""
        allowed = domain.in_flight_allowed(self.leased.channel, self.per_second(), window)
        self.size = domain.batch_size(allowed)
        slots = max(0, allowed - in_flight) // self.size
        if not (open_now := self.open_now(now, slots * self.size)):
            return 0
        if self.throttle is not None:
            return min(slots, 1) if self.throttle.allowed(self.next_portion_at, now) else 0
        full, rest = divmod(open_now, self.size)
        is_last = self.ended or self.is_testing or open_now < len(self.buffer)
        return min(slots, full + (1 if rest and is_last else 0))

    def cut(self, now: datetime) -> list[Recipient]:
        """Take the next batch's recipients, and note the pace of the throttle."""
        size = self.size
        if self.throttle is not None:
            size = min(size, self.throttle.allowed(self.next_portion_at, now))
        recipients, weight = list[Recipient](), 0
        last = self._last_alike()
        is_open = cache(lambda zone: self.hours.is_open(zone, now))
        while self.buffer and len(recipients) < size and self.buffer[0]["number"] <= last:
            if recipients and not is_open(self.zone_for(self.buffer[0])):
                break
            weight += _weight(self.buffer[0])
            if recipients and weight > MOST_CHARACTERS:
                break
            recipients.append(self.buffer.popleft())
        if self.throttle is not None and recipients:
            self.next_portion_at = self.throttle.after(self.next_portion_at, now, len(recipients))
        return recipients

    @property
    def is_testing(self) -> bool:
        """Whether the next recipient is one of a test of variants."""
        split = self.leased.split
        return split is not None and bool(self.buffer) and self.buffer[0]["number"] <= split.tested

    def _last_alike(self) -> int:
        """The last number that a batch may hold which begins with the next recipient: a batch has one content."""
        split, number = self.leased.split, self.buffer[0]["number"]
        if split is None:
            return MAX_NUMBER
        return split.block_end(number) if number <= split.tested else MAX_NUMBER

    def take_left_out(self, up_to: int) -> list[Gone]:
        """Who is left out among the numbers up to that one; each of them once."""
        gone: list[Gone] = []
        while self.left_out and self.left_out[0][0] <= up_to:
            number, reason = self.left_out.popleft()
            gone.append(Gone(number, reason, self.contact_by_number.pop(number, None)))
        return gone

    def next_read(self, most: int, now: datetime) -> tuple[int, int] | None:
        """(after, limit) of the next page to ask for, while too little lies here or is under way.

        Several pages are under way at once: on a busy machine a page takes half a second, and a carrier does not wait.
        """
        total = self.may_reach
        if self.asked_to >= total or (self.closed_until is not None and now < self.closed_until):
            return None
        most = min(most, FIELDS_IN_A_PAGE // max(1, len(self.leased.fields)))
        if self.throttle is not None:
            # No further ahead than it goes in a quarter of an hour: who is read counts for the frequency cap.
            limit = enough = max(1, min(BATCH_SIZE, most, self.throttle.per_hour // 4))
            at_once = 1
        else:
            limit, at_once = most, READS_AT_ONCE
            enough = max(limit * (at_once - 1), BATCH_SIZE)
        expected = len(self.buffer) + self.asked_to - self.read_to
        if len(self.reads) >= at_once or expected >= enough:
            return None
        return self.asked_to, min(limit, total - self.asked_to)

    def note_read(self, up_to: int, page: Future[Page]) -> None:
        self.reads.append((up_to, page))
        self.asked_to = up_to

    def take_reads(self) -> None:
        """Take the pages that have come, in order; raises what a read raised, after which it is asked for again.

        A page may have few recipients, even none: the others are left out for what happened since the numbering.
        """
        while self.reads and self.reads[0][1].done():
            up_to, page = self.reads.popleft()
            if page.exception() is not None:
                self.reads.clear()
                self.asked_to = self.read_to
            self.buffer.extend(page.result().recipients)
            self.left_out.extend(page.result().left_out)
            self.contact_by_number |= page.result().contact_by_number
            self.read_to, self.failures = up_to, 0

    def wait(self, seconds: float) -> None:
        """Run no step for it until then."""
        self.retry_at = time.monotonic() + seconds

    def wait_after_failure(self) -> None:
        self.wait(RETRY_SECONDS[min(self.failures, len(RETRY_SECONDS) - 1)])
        self.failures += 1

    def may_run(self) -> bool:
        return self.task is None and time.monotonic() >= self.retry_at


def _weight(recipient: Recipient) -> int:
    """About how many characters it takes in a batch."""
    return 200 + sum(len(value) for value in (recipient.get("fields") or {}).values() if isinstance(value, str))
