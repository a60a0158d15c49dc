"""States and engagements as the log stores them: small numbers."""

from __future__ import annotations

from contracts.vocabulary import Engagement, MessageState

# States are stored as small numbers whose tens are `STATE_RANK`, so that SQL compares ranks by a division.
STATE_CODE: dict[MessageState, int] = {
    MessageState.ACCEPTED: 0,
    MessageState.DEFERRED: 10,
    MessageState.SUBMITTED: 20,
    MessageState.UNKNOWN: 30,
    MessageState.DELIVERED: 40,
    MessageState.UNDELIVERED: 41,
    MessageState.EXPIRED: 42,
    MessageState.REJECTED: 43,
    MessageState.HARD_BOUNCED: 50,
    MessageState.SOFT_BOUNCED: 51,
    MessageState.SPAM_BOUNCED: 52,
}
STATE_OF_CODE: dict[int, MessageState] = {code: state for state, code in STATE_CODE.items()}

ENGAGEMENT_CODE: dict[Engagement, int] = {
    Engagement.OPENED: 1,
    Engagement.CLICKED: 2,
    Engagement.UNSUBSCRIBED: 3,
    Engagement.COMPLAINED: 4,
    Engagement.DISMISSED: 5,
    Engagement.ANSWERED: 6,
}
ENGAGEMENT_OF_CODE: dict[int, Engagement] = {code: kind for kind, code in ENGAGEMENT_CODE.items()}

# The usual road is kept in the message's own row; every other state gets a line in the history, with code and detail.
IN_ROW_STATES = frozenset({MessageState.SUBMITTED, MessageState.DELIVERED})

# A message in one of these was handed over, whether or not the event that said so has come.
HANDED_OVER_CODES = tuple(
    STATE_CODE[state]
    for state in (
        MessageState.DELIVERED,
        MessageState.UNDELIVERED,
        MessageState.EXPIRED,
        MessageState.HARD_BOUNCED,
        MessageState.SOFT_BOUNCED,
        MessageState.SPAM_BOUNCED,
    )
)
