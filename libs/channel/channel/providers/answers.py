"""What a provider says of one request, and what that makes of a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from contracts.vocabulary import MessageState


class Verdict(StrEnum):
    """What is to be done about an answer, the best first: of a message's targets the best one counts."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"  # handed over, perhaps, and nothing was heard
    LATER = "later"
    SET_UP = "set_up"  # the sender's credentials are not taken: a person has to mend them
    REFUSED = "refused"  # of this message, whenever it comes
    GONE = "gone"  # the target is none, or none any more


_BEST = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    :ivar code: of the message where it fails: the provider's own word, `fcm.UNREGISTERED`.
    :ivar wait: seconds after which to ask again, where the provider says so.
    :ivar is_general: it holds for the whole sender: the provider throttles it, is ill, or takes none of it.
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


def best_of(answers: Sequence[Answer]) -> Answer:
    """The one that counts, with the longest wait of its kind."""
    best = min(answers, key=lambda answer: _BEST.index(answer.verdict))
    waits = [answer.wait for answer in answers if answer.verdict is best.verdict and answer.wait is not None]
    return Answer(best.verdict, best.code, max(waits, default=None), best.is_general)
