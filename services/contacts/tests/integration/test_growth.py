"""How the base grew, by the days of the account's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from contacts.usecases import archive, growth
from contracts.errors import Invalid
from contracts.ids import first_id_at
from contracts.vocabulary import ArchiveReason, Channel

DAY = date(2026, 11, 24)


def test_days_begin_at_midnight_of_the_zone_and_strangers_count_for_nobody(account, new_account):
    other = new_account()

    def come(whose, moment):
        with whose.database.transaction() as session:
            made = {"id": first_id_at(moment), "account": whose.id, "external": str(new_id())}
            statement = "INSERT INTO contacts (id, account_id, external_id) VALUES (:id, :account, :external)"
            session.execute(text(statement), made)

    for hour in (22, 23, 24 + 22, 24 + 23):
        come(account, datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=hour))
    come(other, datetime(2026, 11, 24, 12, tzinfo=UTC))

    def days(zone):
        asked = {"first": DAY - timedelta(days=1), "last": DAY + timedelta(days=1), "time_zone": zone}
        return [(one["day"].day, one["added"]) for one in account.call(growth.count_growth, **asked)["days"]]

    assert days("UTC") == [(23, 2), (24, 2)]
    assert days("Europe/Warsaw") == [(23, 1), (24, 2), (25, 1)]


def test_who_is_archived_counts_on_that_day_and_nonsense_is_refused(account):
    account.call(archive.add, channel=Channel.SMS, addresses=["+48505603496"], contact_ids=[], note="",
                 reason=ArchiveReason.UNSUBSCRIBED)  # fmt: skip
    today = datetime.now(UTC).date()
    week = {"first": today - timedelta(days=6), "last": today + timedelta(days=1)}

    (day,) = account.call(growth.count_growth, **week, time_zone="UTC")["days"]
    assert (day["added"], day["archived"]) == (0, 1)
    for day in (date.min, date.max):
        assert account.call(growth.count_growth, first=day, last=day, time_zone="Asia/Tokyo")["days"] == []
    for more in ({"time_zone": "Mars/Olympus"}, {"time_zone": "UTC", "last": today + timedelta(days=500)},
                 {"time_zone": "UTC", "last": today - timedelta(days=7)}, {"time_zone": "../etc"}):  # fmt: skip
        with pytest.raises(Invalid):
            account.call(growth.count_growth, **{**week, **more})
