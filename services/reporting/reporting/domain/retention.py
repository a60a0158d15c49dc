"""How long the log keeps what (product row G5). Counters stay for good; days are UTC days of message ids."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from contracts.email_gateway.messages import SCHEDULE_MAX_DAYS
from contracts.vocabulary import Channel

# States of delivery, whoever's the message is.
DAYS_BY_CHANNEL: dict[Channel, int] = {
    Channel.EMAIL: 40,
    Channel.SMS: 365,
    Channel.PUSH: 40,
    Channel.WHATSAPP: 365,
    Channel.VIBER: 365,
    Channel.RCS: 365,
}
# What a plan cannot shorten: a message waits for three days at most, and its receipt comes within another.
FEWEST = 4
# So long after it was accepted may a single message leave: then it is kept by the day of its last state.
MOST_AHEAD = SCHEDULE_MAX_DAYS
LONGEST = max(DAYS_BY_CHANNEL.values())
# From where and with what a person opened; that and when a message was opened is kept with the message.
DETAILED_OPENS = timedelta(days=10)


def kept_days(channel: Channel) -> int:
    """How many days a message is kept at most: of a campaign's, its account's plan may keep fewer."""
    return DAYS_BY_CHANNEL.get(channel, LONGEST)


def first_day(now: datetime, days: int) -> date:
    """The first day that is kept: what was made on it is kept for so many days at least, and for one more at most."""
    return now.astimezone(UTC).date() - timedelta(days=days)
