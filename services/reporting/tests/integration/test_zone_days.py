"""Days of a zone from counters of which an older release kept some by days alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.database import Database
from reporting.domain.counting import Dimension, Tally, account_hour_key, day_key
from reporting.store import counters
from reporting.usecases import statistics

START = datetime(2026, 10, 23, tzinfo=UTC)
DAYS = 4
MESSAGES = st.lists(st.tuples(st.integers(0, 24 * DAYS - 1), st.booleans(), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES, st.sampled_from(["Europe/Warsaw", "Pacific/Kiritimati", "America/Los_Angeles"]))
def test_no_day_has_more_delivered_than_messages_whatever_an_older_release_counted(
    database: Database, messages: list[tuple[int, bool, bool]], zone: str
) -> None:
    """Of each: the hour, whether an older release counted it, which knew no hours, and whether it arrived since."""
    account_id, tally = uuid4(), Tally()
    for after, is_of_older_release, is_delivered in messages:
        hour = START + timedelta(hours=after)
        day = (account_id, Dimension.DAY, day_key(hour.date(), "sms"))
        by_hour = (account_id, Dimension.ACCOUNT_HOUR, account_hour_key(hour, "sms"))
        for key in (day,) if is_of_older_release else (day, by_hour):
            tally.add(account_id, key, "messages", 1)
            tally.add(account_id, key, "accepted", 1)
        for key in (day, by_hour) if is_delivered else ():
            tally.add(account_id, key, "delivered", 1)
            tally.add(account_id, key, "accepted", -1)
    with database.transaction() as session:
        counters.add(session, tally)

        first, last = START.date() - timedelta(days=1), START.date() + timedelta(days=DAYS)
        found = list(statistics._days(session, account_id, first, last, zone).values())

    assert all(0 <= day["delivered"] <= day["messages"] for day in found)
    assert sum(day["messages"] for day in found) == len(messages)
    assert sum(day["delivered"] for day in found) == sum(is_delivered for _, _, is_delivered in messages)
