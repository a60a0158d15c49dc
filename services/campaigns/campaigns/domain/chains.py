"""One message over several channels: a person gets the first step, and each next one only where the one before has
not reached them.

A chain is a value; what happens to it are functions from a chain to a chain. They may be called in any order, twice and
late: receipts overtake one another, and whoever works on a chain may be killed at any line. What holds all the same:

- at most one step is open (`due`, `sending` or `sent`), so that never two are under way to one person;
- once the person is reached, or the chain is cancelled, nothing more leaves: a late receipt of an earlier step stops
  the next one for as long as that has not been handed to its channel;
- a chain that is not over always has something to do, or a moment at which it has.

The window in which a person may get two steps: an earlier message that neither failed nor was taken back in time may
arrive after the next one has left. Before it goes on for lack of a receipt, a chain asks the earlier step's channel,
and has it take the message back. Time alone never goes past that: whoever comes late, for the process was away, asks
first, and only tries that were made and not answered count against a channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.domain.times import Hours
from contracts.vocabulary import ChainState, MessageState, StepState

# How long a channel that does not answer is tried, from the first try on, before its step counts as failed.
PATIENCE = timedelta(minutes=10)
# How long a channel is asked what has become of a message whose time is over, and to take it back: from the first try.
LOOKING = timedelta(seconds=30)
# How long a step in somebody's hands is waited for once the chain is stopped: longer than any lease.
ANSWERED = timedelta(minutes=2)
# After so long nothing is heard of a message any more: SMS are valid for three days at most, as are tries of e-mail.
HEARD = timedelta(days=4)

NO_ANSWER = "channel.no_answer"
TAKEN_BACK = "message.revoked"
_TAKEN_BACK = ".revoked"  # as channels have it that take back what they have handed over: `rcs.revoked`

_ANY_HOUR, _UTC = Hours(), ZoneInfo("UTC")

OPEN = frozenset({StepState.DUE, StepState.SENDING, StepState.SENT})
FAILURES = frozenset(
    {
        MessageState.REJECTED,
        MessageState.UNDELIVERED,
        MessageState.EXPIRED,
        MessageState.HARD_BOUNCED,
        MessageState.SOFT_BOUNCED,
        MessageState.SPAM_BOUNCED,
    }
)
_BOUNCES = frozenset({MessageState.HARD_BOUNCED, MessageState.SOFT_BOUNCED, MessageState.SPAM_BOUNCED})
# Ended for lack of a receipt, which may still come.
_GIVEN_UP = frozenset({StepState.TIMED_OUT, StepState.UNKNOWN})


@dataclass(frozen=True)
class GoOn:
    """When the next step takes over; whoever is not reached by a failed message is not within any time either."""

    impossible: bool = True
    refused: bool = True
    not_delivered: timedelta | None = None
    not_read: timedelta | None = None

    @property
    def after_failure(self) -> bool:
        return self.refused or self.not_delivered is not None or self.not_read is not None

    @property
    def when_impossible(self) -> bool:
        return self.impossible or self.after_failure

    @property
    def ever(self) -> bool:
        return self.impossible or self.after_failure


@dataclass(frozen=True)
class Step:
    """`hours`: when it may leave; `asked_back`: the channel was asked to take it back; `code`: why it failed.

    :ivar asked_at: when it was first about to be handed over; `tried_at`: when it was last.
    :ivar left_at: when its channel has handed it over, as far as that is told: to campaigns it is.
    :ivar unanswered_since: the first try to which its channel has said nothing.
    """

    go_on: GoOn = GoOn()
    hours: Hours = _ANY_HOUR
    state: StepState = StepState.WAITING
    code: str | None = None
    asked_at: datetime | None = None
    tried_at: datetime | None = None
    sent_at: datetime | None = None
    looked_at: datetime | None = None
    unanswered_since: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    ended_at: datetime | None = None
    asked_back: bool = False
    left_at: datetime | None = None

    @property
    def has_reached(self) -> bool:
        """Whether the person has it, as far as this step is to make sure: read, where it waits for that."""
        return self.read_at is not None or (self.delivered_at is not None and self.go_on.not_read is None)

    @property
    def limit(self) -> timedelta | None:
        """How long after it left the next one takes over; None: never for time alone."""
        limits = [] if self.delivered_at is not None else [self.go_on.not_delivered]
        return min((limit for limit in (*limits, self.go_on.not_read) if limit is not None), default=None)

    @property
    def deadline(self) -> datetime:
        """Until when its message is waited for."""
        assert self.sent_at is not None
        return self.sent_at + (HEARD if self.limit is None else self.limit)


@dataclass(frozen=True)
class Chain:
    """:ivar zone: in which the steps' hours are."""

    steps: tuple[Step, ...]
    is_cancelled: bool = False
    zone: ZoneInfo = _UTC

    @property
    def open_step(self) -> int | None:
        """The place of the step that is under way, or about to be."""
        return next((place for place, step in enumerate(self.steps) if step.state in OPEN), None)

    @property
    def reached_by(self) -> int | None:
        """The step that the person had first."""
        reached = [place for place, step in enumerate(self.steps) if step.state is StepState.REACHED]
        return min(reached, key=lambda place: (_had_at(self.steps[place]), place), default=None)

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more is to leave."""
        return self.is_cancelled or self.reached_by is not None

    @property
    def state(self) -> ChainState:
        if self.reached_by is not None:
            return ChainState.REACHED
        if self.is_cancelled:
            return ChainState.CANCELLED
        if self.open_step is not None:
            return ChainState.RUNNING
        last = [step.state for step in self.steps if step.state not in (StepState.WAITING, StepState.SKIPPED)]
        return ChainState.UNKNOWN if last and last[-1] in _GIVEN_UP else ChainState.NOT_REACHED


class Act(StrEnum):
    """What is to be done with a chain now, about its open step."""

    SEND = "send"
    LOOK = "look"  # ask the channel what has become of the message
    TAKE_BACK = "take_back"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Next:
    """:ivar at: when there is something to do again; None: when something is heard, or never."""

    act: Act
    place: int = 0
    at: datetime | None = None


def begun(rules: Sequence[GoOn]) -> Chain:
    """A new chain, whose first step is due. Nothing follows the last, so its rule waits for nothing."""
    steps = [Step(go_on) for go_on in (*rules[:-1], GoOn())]
    return Chain((replace(steps[0], state=StepState.DUE), *steps[1:]))


def what_next(chain: Chain, now: datetime) -> tuple[Chain, Next]:
    """What is to be done now; the chain itself where time alone has changed it."""
    place = chain.open_step
    if place is None:
        return chain, Next(Act.NOTHING)
    step = chain.steps[place]
    if step.state is StepState.DUE:
        opens_at = step.hours.opens_at(chain.zone, now)
        return chain, Next(Act.SEND if opens_at <= now else Act.NOTHING, place, opens_at)
    if step.state is StepState.SENDING:
        return _while_sending(chain, place, now)
    if now < step.deadline:
        if chain.is_stopped and not step.asked_back:
            return chain, Next(Act.TAKE_BACK, place, now)
        if step.looked_at is None:
            return chain, Next(Act.LOOK, place, now)
        return chain, Next(Act.NOTHING, place, step.deadline)
    return _at_the_deadline(chain, place, now)


def _while_sending(chain: Chain, place: int, now: datetime) -> tuple[Chain, Next]:
    step = chain.steps[place]
    assert step.asked_at is not None
    if not chain.is_stopped:
        return chain, Next(Act.SEND, place, now)
    # Whoever has it in hand may still say that it left, so that it can be taken back; nothing is handed over anew.
    waits_until = (step.tried_at or step.asked_at) + ANSWERED
    if now < waits_until:
        return chain, Next(Act.NOTHING, place, waits_until)
    return what_next(_ended(chain, place, StepState.UNKNOWN, now, goes_on=False), now)


def _at_the_deadline(chain: Chain, place: int, now: datetime) -> tuple[Chain, Next]:
    """Look once more, have it taken back, and only then go on: see `not_answered` for a channel that says nothing."""
    step = chain.steps[place]
    if step.looked_at is None or step.looked_at < step.deadline:
        return chain, Next(Act.LOOK, place, now)
    if step.delivered_at is None and not step.asked_back:
        return chain, Next(Act.TAKE_BACK, place, now)
    return what_next(timed_out(chain, place, now), now)


# --- what happens


def claimed(chain: Chain, place: int, now: datetime) -> Chain:
    """The step is about to be handed to its channel, perhaps again: from here on it may have left."""
    step = chain.steps[place]
    if step.state not in (StepState.DUE, StepState.SENDING):
        return chain
    return with_step(chain, place, state=StepState.SENDING, asked_at=step.asked_at or now, tried_at=now)


def not_answered(chain: Chain, place: int, tried_at: datetime, now: datetime) -> Chain:
    """Nobody has said anything to a try of `tried_at`. Tries that were cut off, and hours without any, do not count."""
    step = chain.steps[place]
    is_sending = step.state is StepState.SENDING and not chain.is_stopped
    is_over = step.state is StepState.SENT and tried_at >= step.deadline
    if not (is_sending or is_over):
        return chain
    since = step.unanswered_since
    if since is None or (is_over and since < step.deadline):
        return with_step(chain, place, unanswered_since=tried_at)
    if tried_at < since + (PATIENCE if is_sending else LOOKING):
        return chain
    return failed(chain, place, now, NO_ANSWER) if is_sending else timed_out(chain, place, now)


def accepted(chain: Chain, place: int, now: datetime) -> Chain:
    """The channel has the message."""
    step = chain.steps[place]
    if step.sent_at is not None or step.asked_at is None:
        return chain
    # Given up while it was in somebody's hands, and left after all: it is open again, to be taken back.
    is_late = step.state is StepState.UNKNOWN and chain.open_step is None
    if step.state is StepState.SENDING or is_late:
        return with_step(chain, place, state=StepState.SENT, sent_at=now, unanswered_since=None, ended_at=None)
    return with_step(chain, place, sent_at=now)


def failed(chain: Chain, place: int, now: datetime, code: str | None, *, is_impossible: bool = False) -> Chain:
    """The channel does not take the message, or it has failed there."""
    step = chain.steps[place]
    if code is not None and code.endswith(_TAKEN_BACK):
        return taken_back(chain, place, now)
    if step.state not in (StepState.SENDING, StepState.SENT) or step.delivered_at is not None:
        return chain
    state = StepState.IMPOSSIBLE if is_impossible else StepState.FAILED
    goes_on = step.go_on.when_impossible if is_impossible else step.go_on.after_failure
    return _ended(chain, place, state, now, goes_on=goes_on, code=code)


def left_out(chain: Chain, place: int, now: datetime, code: str, *, goes_on: bool) -> Chain:
    """The person is not sent to on this channel, or not at all: then nothing follows."""
    step = chain.steps[place]
    if step.state not in (StepState.DUE, StepState.SENDING, StepState.SENT) or step.delivered_at is not None:
        return chain
    goes_on = goes_on and step.go_on.when_impossible
    return _ended(chain, place, StepState.IMPOSSIBLE, now, goes_on=goes_on, code=code)


def never_sent(chain: Chain) -> Chain:
    """What has not left yet never does, for there is nobody to send it any more."""
    return _stopped(chain)


def given_up(chain: Chain, place: int, now: datetime) -> Chain:
    """It was to be handed over, and nobody has it in hand any more: what has become of it may yet be heard."""
    if chain.steps[place].state is not StepState.SENDING:
        return chain
    return _ended(chain, place, StepState.UNKNOWN, now, goes_on=False)


def timed_out(chain: Chain, place: int, now: datetime) -> Chain:
    """Its time is over, and nothing more is to be done about its message."""
    step = chain.steps[place]
    if step.state is not StepState.SENT or now < step.deadline:
        return chain
    is_last = place + 1 == len(chain.steps) or step.limit is None
    state = StepState.UNKNOWN if is_last else StepState.TIMED_OUT
    return _ended(chain, place, state, now, goes_on=not is_last)


def taken_back(chain: Chain, place: int, now: datetime) -> Chain:
    """The person will not get the message."""
    step = chain.steps[place]
    if step.has_reached or step.state not in (StepState.SENDING, StepState.SENT, *_GIVEN_UP):
        return chain
    if step.state in _GIVEN_UP:
        return with_step(chain, place, state=StepState.REVOKED, code=TAKEN_BACK)
    return _ended(chain, place, StepState.REVOKED, now, goes_on=True, code=TAKEN_BACK)


def not_taken_back(chain: Chain, place: int) -> Chain:
    """The channel was asked, and the message is on its way."""
    return with_step(chain, place, asked_back=True)


def looked(chain: Chain, place: int, now: datetime) -> Chain:
    """The channel has said how its message stands, and that was noted before."""
    return with_step(chain, place, looked_at=now)


def looked_again(chain: Chain, place: int) -> Chain:
    """Something was heard of its message, of which others know more: they are to be asked."""
    return with_step(chain, place, looked_at=None)


def delivered(chain: Chain, place: int, at: datetime, now: datetime) -> Chain:
    """The person's device or server has the message."""
    step = chain.steps[place]
    if step.delivered_at is not None or step.asked_at is None or step.state is StepState.FAILED:
        return chain
    return _noted(with_step(chain, place, delivered_at=at), place, now)


def read(chain: Chain, place: int, at: datetime, now: datetime) -> Chain:
    """The person has opened it, or done what nobody does who has not."""
    step = chain.steps[place]
    if step.read_at is not None or step.asked_at is None:
        return chain
    return _noted(with_step(chain, place, read_at=at, delivered_at=step.delivered_at or at), place, now)


def bounced(chain: Chain, place: int, now: datetime, code: str | None) -> Chain:
    """A server that had taken the message gives it back, so it has not been delivered after all."""
    step = chain.steps[place]
    if step.read_at is not None or step.delivered_at is None or step.state is StepState.FAILED:
        return failed(chain, place, now, code)
    was_waited_for = step.state in (StepState.REACHED, StepState.SENT)
    chain = with_step(chain, place, delivered_at=None)
    chain = with_step(chain, place, state=StepState.FAILED, code=code, ended_at=now)
    is_late = step.sent_at is None or now >= step.sent_at + HEARD
    goes_on = was_waited_for and step.go_on.after_failure and not is_late
    if chain.is_stopped or chain.open_step is not None or not goes_on:
        return chain
    return _following(chain, place)


def received(
    chain: Chain, place: int, state: MessageState, at: datetime, now: datetime, code: str | None, *, impossible: bool
) -> Chain:
    """A receipt, of whatever state."""
    if state is MessageState.DELIVERED:
        return delivered(chain, place, at, now)
    if state in _BOUNCES:
        return bounced(chain, place, now, code)
    if state in FAILURES:
        return failed(chain, place, now, code, is_impossible=impossible)
    return chain


def cancelled(chain: Chain) -> Chain:
    """Nothing more leaves. What has is taken back where that is possible."""
    return _stopped(replace(chain, is_cancelled=True))


# --- how


def _had_at(step: Step) -> datetime:
    moments = [moment for moment in (step.delivered_at, step.read_at) if moment is not None]
    return min(moments)


def with_step(chain: Chain, place: int, **changes: Any) -> Chain:
    """The chain with some of a step otherwise.

    Campaigns change people by the million, and `dataclasses.replace` looks at every field: this takes a fraction of it.
    """
    step, whole = object.__new__(Step), object.__new__(Chain)
    vars(step).update(vars(chain.steps[place]), **changes)
    steps = (*chain.steps[:place], step, *chain.steps[place + 1 :])
    vars(whole).update(vars(chain), steps=steps)
    return whole


def _ended(
    chain: Chain, place: int, state: StepState, now: datetime, *, goes_on: bool, code: str | None = None
) -> Chain:
    chain = with_step(chain, place, state=state, code=code, ended_at=now)
    if goes_on and not chain.is_stopped:
        return _following(chain, place)
    return _stopped(chain)


def _following(chain: Chain, place: int) -> Chain:
    """The next step is due, where there is one."""
    if place + 1 < len(chain.steps) and chain.steps[place + 1].state in (StepState.WAITING, StepState.SKIPPED):
        return with_step(chain, place + 1, state=StepState.DUE)
    return chain


def _stopped(chain: Chain) -> Chain:
    """What has not left does not leave."""
    for place, step in enumerate(chain.steps):
        if step.state in (StepState.WAITING, StepState.DUE):
            chain = with_step(chain, place, state=StepState.SKIPPED)
    return chain


def _noted(chain: Chain, place: int, now: datetime) -> Chain:
    """What a receipt of a step makes of the chain, late as it may be."""
    step = chain.steps[place]
    if step.has_reached:
        return _stopped(with_step(chain, place, state=StepState.REACHED, ended_at=step.ended_at or now))
    follows = place + 1 < len(chain.steps) and chain.steps[place + 1].state is StepState.DUE
    if step.state is StepState.TIMED_OUT and follows and not chain.is_stopped and now < step.deadline:
        # It came late, and before the next has left: it is waited for again, to be read.
        chain = with_step(chain, place + 1, state=StepState.WAITING)
        return with_step(chain, place, state=StepState.SENT, ended_at=None)
    return chain
