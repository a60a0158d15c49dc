"""How far one person of a campaign of steps is: a chain (`domain.chains`), and what of it is counted.

A campaign tells a chain's story by batches: a step is `sending` from when its batch is recorded, and `sent` once its
channel has it. What is added up is a function of the chain alone, so that a transition changes the figures by the
difference of before and after, and replaying what was heard before changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from campaigns.domain import chains
from campaigns.domain.chains import Act, Chain, GoOn
from contracts.vocabulary import ChainState, LeftOut, MessageState, StepState

# Whoever is left out for these gets nothing on the other channels either.
_OF_THE_PERSON = frozenset({LeftOut.ERASED, LeftOut.DELETED, LeftOut.CAPPED})
CODES = MappingProxyType(
    {reason: "address.erased" if reason is LeftOut.ERASED else f"recipient.{reason}" for reason in LeftOut}
)
REASONS = MappingProxyType({code: reason for reason, code in CODES.items()})

_HANDED_OVER = frozenset(
    {
        MessageState.SUBMITTED,
        MessageState.UNKNOWN,
        MessageState.DELIVERED,
        MessageState.UNDELIVERED,
        MessageState.HARD_BOUNCED,
        MessageState.SOFT_BOUNCED,
        MessageState.SPAM_BOUNCED,
    }
)
# How long nothing is heard of a step that was given to its channel before that is asked: what it told may be lost.
UNHEARD = timedelta(minutes=15)
# Places of figures: 0 is the person's, the first step's is 1.
Figures = Counter[tuple[int, str]]
WHOLE = 0
_LABELS = MappingProxyType(
    {
        StepState.WAITING: "waiting",
        StepState.DUE: "due",
        StepState.SENDING: "under_way",
        StepState.SENT: "under_way",
        StepState.REACHED: "reached",
        StepState.FAILED: "failed",
        StepState.IMPOSSIBLE: "impossible",
        StepState.TIMED_OUT: "timed_out",
        StepState.REVOKED: "timed_out",
        StepState.UNKNOWN: "unknown",
    }
)


def begun(rules: Sequence[GoOn]) -> Chain:
    """A person whose first step is due."""
    return chains.begun(rules)


def dispatched(chain: Chain, place: int, now: datetime) -> Chain:
    """The step is in a batch that is about to be given to its channel."""
    return chains.claimed(chain, place, now)


def left_out(chain: Chain, place: int, now: datetime, reason: LeftOut) -> Chain:
    """They are in no batch of the step: by what that says of the channel the next one takes over, or nothing does."""
    return chains.left_out(chain, place, now, CODES[reason], goes_on=reason not in _OF_THE_PERSON)


def heard(
    chain: Chain,
    place: int,
    state: MessageState,
    at: datetime,
    now: datetime,
    code: str | None,
    *,
    unreachable: Collection[str],
) -> Chain:
    """What a channel tells of the step's message, late and twice as it may be.

    :param unreachable: codes that say that the person cannot be reached on the channel.
    """
    at = min(at, now)
    if state in _HANDED_OVER or state is MessageState.DEFERRED:
        chain = _at_the_channel(chain, place, at)
    if state in _HANDED_OVER and chain.steps[place].left_at is None and chain.steps[place].asked_at is not None:
        chain = chains.with_step(chain, place, left_at=at)
    if state is MessageState.REJECTED and (reason := REASONS.get(code or "")) is not None:
        return left_out(chain, place, now, reason)
    return chains.received(chain, place, state, at, now, code, impossible=code in unreachable)


def _at_the_channel(chain: Chain, place: int, at: datetime) -> Chain:
    """Its time runs from here on. Nobody need ask at once what has become of it: that is told."""
    taken = chains.accepted(chain, place, at)
    return chain if taken is chain else chains.looked(taken, place, at)


def engaged(chain: Chain, place: int) -> Chain:
    """Somebody or something has opened it: whether a person, others know, where the step waits for that."""
    step = chain.steps[place]
    if step.go_on.not_read is None or step.read_at is not None or step.asked_at is None:
        return chain
    return chains.looked_again(chain, place)


def next_look(chain: Chain, now: datetime) -> tuple[Chain, datetime | None]:
    """When its channel is to be asked about the open step; None: when something is heard, or never.

    The chain itself, too, where time alone has changed it.
    """
    chain, following = chains.what_next(chain, now)
    if (place := chain.open_step) is None:
        return chain, None
    step = chain.steps[place]
    if step.state is StepState.SENDING and not chain.is_stopped:
        asked_at = [moment for moment in (step.asked_at, step.tried_at, step.looked_at) if moment is not None]
        return chain, max(asked_at) + UNHEARD
    if following.act is Act.SEND:
        return chain, None
    return chain, now if following.act in (Act.LOOK, Act.TAKE_BACK) else following.at


def is_queued_for(chain: Chain) -> int | None:
    """The place of the step that is due and has not left."""
    place = chain.open_step
    return place if place is not None and chain.steps[place].state is StepState.DUE else None


def figures(chain: Chain) -> Figures:
    """What of one person is counted, each once."""
    counted = Figures({(WHOLE, f"state.{chain.state}"): 1, (WHOLE, _progress(chain)): 1})
    if (by := chain.reached_by) is not None:
        counted[WHOLE, f"by.{by + 1}"] = 1
    if any(step.asked_at is not None for step in chain.steps):
        counted[WHOLE, "published"] = 1
    skipped = "saved" if by is not None else "skipped"
    for place, step in enumerate(chain.steps, 1):
        counted[place, _LABELS.get(step.state, skipped)] = 1
        if step.left_at is not None:
            counted[place, "sent"] = 1
        if step.read_at is not None:
            counted[place, "read"] = 1
    return counted


def _progress(chain: Chain) -> str:
    """Where the person is in the campaign's progress."""
    if any(step.left_at is not None for step in chain.steps):
        return "progress.submitted"
    if chain.open_step is not None:
        return "progress.deferred"
    ended = [step for step in chain.steps if step.state not in (StepState.WAITING, StepState.SKIPPED)]
    reason = REASONS.get(ended[-1].code or "") if ended else None
    return "progress.failed" if reason is None else f"left_out.{reason}"


def is_over(chain: Chain) -> bool:
    return chain.open_step is None or chain.state is not ChainState.RUNNING
