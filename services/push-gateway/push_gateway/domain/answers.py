"""What a provider says of one push to one device, and what that makes of the message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from contracts.vocabulary import Lane, MessageState

NO_DEVICE = "push.no_device"


class Verdict(StrEnum):
    """What is to be done about an answer, the best first: of a message's devices the best one counts."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"  # handed over, perhaps, and nothing was heard
    LATER = "later"
    SET_UP = "set_up"  # the application's credentials are not taken: a person has to mend them
    REFUSED = "refused"  # of this message, whenever it comes
    GONE = "gone"  # the device is none any more


_BEST = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    :ivar code: of the message where it fails: the provider's own word, `fcm.UNREGISTERED`.
    :ivar wait: seconds after which to ask again, where the provider says so.
    :ivar is_general: it holds for the whole application: the provider throttles it, is ill, or takes none of it.
    """

    verdict: Verdict
    code: str | None = None
    wait: float | None = None
    is_general: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message; `wait` in seconds, where the schedule is not to say."""

    state: MessageState
    code: str | None = None
    wait: float | None = None


def outcome_of(answers: Sequence[Answer], lane: Lane) -> Outcome:
    """The outcome of a message by the answers for its devices: it has arrived where one of them took it.

    Nobody gets a message twice: once one device has it, it is not tried again for the others. Where nothing was heard
    a campaign's message stays unknown, and a single one is sent again (docs/architecture.md, the crash rule).
    """
    if not answers:
        return Outcome(MessageState.REJECTED, NO_DEVICE)
    best = min(answers, key=lambda answer: _BEST.index(answer.verdict))
    if best.verdict is Verdict.ACCEPTED:
        return Outcome(MessageState.DELIVERED)
    if best.verdict is Verdict.UNKNOWN:
        return Outcome(MessageState.UNKNOWN if lane is Lane.BULK else MessageState.DEFERRED, best.code)
    if best.verdict in (Verdict.LATER, Verdict.SET_UP):
        waits = [answer.wait for answer in answers if answer.verdict is best.verdict and answer.wait is not None]
        return Outcome(MessageState.DEFERRED, best.code, max(waits, default=None))
    return Outcome(MessageState.REJECTED, best.code)
