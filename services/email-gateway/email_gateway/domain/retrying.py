"""What became of an attempt, and when there is another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.vocabulary import MessageState

KEEP_TRYING = timedelta(days=3)
MAX_WAIT = timedelta(hours=4)


class Result(StrEnum):
    """What became of an attempt.

    `HARD` says that the person does not exist, `SPAM` that our server, sender or content is not wanted, `SOFT` anything
    else that is final. `LOST` left us and got no answer; `RETRY` is to wait in the retry schedule, and so is `BUSY`,
    which was never tried: there was no connection or no room for it; `BACK` was never tried and goes again at once;
    `REJECTED` could not be composed.
    """

    DELIVERED = "delivered"
    RETRY = "retry"
    HARD = "hard"
    SOFT = "soft"
    SPAM = "spam"
    LOST = "lost"
    BUSY = "busy"
    BACK = "back"
    REJECTED = "rejected"


# The state that follows at once. A lost message is unknown in bulk and sent again when it is a single one.
STATE_OF_RESULT: Mapping[Result, MessageState] = {
    Result.DELIVERED: MessageState.DELIVERED,
    Result.HARD: MessageState.HARD_BOUNCED,
    Result.SOFT: MessageState.SOFT_BOUNCED,
    Result.SPAM: MessageState.SPAM_BOUNCED,
    Result.REJECTED: MessageState.REJECTED,
}


def next_try(*, first_tried_at: datetime, now: datetime, attempts: int, base: timedelta) -> datetime | None:
    """When a deferred message is tried again, or None when three days are over.

    The wait doubles from `base` (5 minutes: 5, 10, 20, … minutes) up to 4 hours.

    :param attempts: how often it was tried so far, 1 or more.
    """
    if now - first_tried_at >= KEEP_TRYING:
        return None
    wait: timedelta = base * float(2 ** min(attempts - 1, 20))
    return now + min(wait, MAX_WAIT)
