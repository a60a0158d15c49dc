"""What the answers for a message's devices make of the message."""

from __future__ import annotations

from collections.abc import Sequence

from channel.providers.answers import Answer, Outcome, Verdict, best_of
from contracts.vocabulary import Lane, MessageState

NO_DEVICE = "push.no_device"


def outcome_of(answers: Sequence[Answer], lane: Lane) -> Outcome:
    """The outcome of a message by the answers for its devices: it has arrived where one of them took it.

    Nobody gets a message twice: once one device has it, it is not tried again for the others. Where nothing was heard
    a campaign's message stays unknown, and a single one is sent again (docs/architecture.md, the crash rule).
    """
    if not answers:
        return Outcome(MessageState.REJECTED, NO_DEVICE)
    best = best_of(answers)
    if best.verdict is Verdict.ACCEPTED:
        return Outcome(MessageState.DELIVERED)
    if best.verdict is Verdict.UNKNOWN:
        return Outcome(MessageState.UNKNOWN if lane is Lane.BULK else MessageState.DEFERRED, best.code)
    if best.verdict in (Verdict.LATER, Verdict.SET_UP):
        return Outcome(MessageState.DEFERRED, best.code, best.wait)
    return Outcome(MessageState.REJECTED, best.code)
