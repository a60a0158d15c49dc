"""What a provider reports of a message once it has taken it, in whatever order and however often."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from channel.providers.answers import Answer, Outcome, Verdict
from contracts.vocabulary import Lane, MessageState


def came_at(at: float) -> float:
    """When a report came, as the gateway says, in Unix seconds: never later than now, and nothing that is no moment.

    :raises TypeError, ValueError: it is no number.
    """
    return max(0.0, min(float(at), time.time()))


def outcome_of(answer: Answer, lane: Lane) -> Outcome:
    """Of a provider that knows no key by which a repeat is the same message: where nothing was heard a campaign's
    message stays unknown, and a single one is sent again (docs/architecture.md, the crash rule)."""
    if answer.verdict is Verdict.ACCEPTED:
        return Outcome(MessageState.SUBMITTED)
    if answer.verdict is Verdict.UNKNOWN:
        return Outcome(MessageState.UNKNOWN if lane is Lane.BULK else MessageState.DEFERRED, answer.code)
    if answer.verdict in (Verdict.LATER, Verdict.SET_UP):
        return Outcome(MessageState.DEFERRED, answer.code, answer.wait)
    return Outcome(MessageState.REJECTED, answer.code)


@dataclass(frozen=True, slots=True)
class Reported:
    """All that was reported of one message; times in Unix seconds.

    :ivar state: SUBMITTED, DELIVERED or UNDELIVERED. :ivar read_at: when it was read first.
    """

    state: MessageState
    at: float
    code: str | None = None
    read_at: float | None = None


def together(reports: Iterable[Reported]) -> Reported:
    """Several reports of one message as one, in whatever order they have come, and however often.

    Of two ends the earlier one counts, whichever is told first.
    """
    ordered = sorted(reports, key=lambda one: (one.state is MessageState.SUBMITTED, one.at, one.state, one.code or ""))
    first = ordered[0]
    read = [one.read_at for one in ordered if one.read_at is not None]
    return Reported(first.state, first.at, first.code, min(read, default=None))
