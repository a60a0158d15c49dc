"""What Google's answer to a message makes of it."""

from __future__ import annotations

from channel.providers.answers import Answer, Outcome, Verdict
from contracts.vocabulary import MessageState

NOT_REACHABLE = "rcs.not_reachable"
REVOKED = "rcs.revoked"
EXPIRED = "rcs.expired"


def outcome_of_taking_back(answer: Answer) -> Outcome:
    """What Google's answer to a taking back makes of a message that it may have been given before, unheard.

    A person has it, or it was never there, where Google has nothing to take back: which of them, `DELIVERED` tells.
    Until Google says one or the other it is asked again.
    """
    if answer.verdict is Verdict.ACCEPTED:
        return Outcome(MessageState.REJECTED, REVOKED)
    if answer.verdict is Verdict.GONE:
        return Outcome(MessageState.UNKNOWN, answer.code)
    return Outcome(MessageState.DEFERRED, answer.code, answer.wait)


def outcome_of(answer: Answer) -> Outcome:
    """Where nothing was heard it is sent again, a campaign's too: Google ignores an id that it has had
    (docs/decisions/0143).
    """
    if answer.verdict is Verdict.ACCEPTED:
        return Outcome(MessageState.SUBMITTED)
    if answer.verdict is Verdict.GONE:
        return Outcome(MessageState.REJECTED, NOT_REACHABLE)
    if answer.verdict is Verdict.REFUSED:
        return Outcome(MessageState.REJECTED, answer.code)
    return Outcome(MessageState.DEFERRED, answer.code, answer.wait)
