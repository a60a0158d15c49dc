"""How the base grew, by the days of the account's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from contacts.jobs import engagement as job
from contacts.usecases import archive, growth
from contracts.errors import Invalid
from contracts.vocabulary import ArchiveReason, Channel

DAY = date(2026, 11, 24)


def test_days_begin_at_midnight_of_the_zone(account):
    with account.database.transaction() as session:
        for hour in (22, 23, 24 + 22, 24 + 23):
            row = {"account": account.id, "hour": datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=hour)}
            session.execute(text("INSERT INTO growth (account_id, hour, added) VALUES (:account, :hour, 2)"), row)

    def days(zone):
        asked = {"first": DAY - timedelta(days=1), "last": DAY + timedelta(days=1), "time_zone": zone}
        return [(one["day"].day, one["added"]) for one in account.call(growth.count_growth, **asked)["days"]]

    assert days("UTC") == [(23, 4), (24, 4)]
    assert days("Europe/Warsaw") == [(23, 2), (24, 4), (25, 2)]
    assert days("Pacific/Kiritimati") == [(24, 4), (25, 4)]


def test_who_comes_goes_and_is_archived_counts_once_and_strangers_for_nobody(account, new_account):
    other = new_account()
    today = datetime.now(UTC).date()
    week = {"first": today - timedelta(days=6), "last": today + timedelta(days=1)}
    entries = {"contact_ids": [], "note": "", "reason": ArchiveReason.UNSUBSCRIBED}
    with account.database.transaction() as session:
        for whose, number in ((account, 5), (other, 3)):
            session.execute(
                text(
                    "INSERT INTO contacts (id, account_id, external_id)"
                    " SELECT gen_random_uuid(), :account, 'x' || n FROM generate_series(1, :number) n"
                ),
                {"account": whose.id, "number": number},
            )
        session.execute(
            text("DELETE FROM contacts WHERE account_id = :account AND external_id = 'x1'"), {"account": account.id}
        )
    for _ in range(2):
        account.call(archive.add, channel=Channel.SMS, addresses=["+48505603496"], **entries)

    days = account.call(growth.count_growth, **week, time_zone="UTC")["days"]

    sums = [sum(day[name] for day in days) for name in ("added", "gone", "archived")]
    assert sums == [5, 1, 1]
    for day in (date.min, date.max):
        assert account.call(growth.count_growth, first=day, last=day, time_zone="Asia/Tokyo")["days"] == []
    for more in ({"time_zone": "Mars/Olympus"}, {"time_zone": "UTC", "last": today + timedelta(days=500)},
                 {"time_zone": "UTC", "last": today - timedelta(days=7)}, {"time_zone": "../etc"}):  # fmt: skip
        with pytest.raises(Invalid):
            account.call(growth.count_growth, **{**week, **more})


def test_who_archives_waits_for_nobody_and_what_was_added_is_folded_once(account):
    """A list of a thousand addresses is archived in one transaction; a STOP goes in beside it, as an import does."""
    statement = text(
        "INSERT INTO archive (id, account_id, channel, address, reason, source)"
        " VALUES (gen_random_uuid(), :account, 'sms', :address, 'stop', 'test')"
    )
    with account.database.transaction() as chunk:
        chunk.execute(statement, {"account": account.id, "address": "+48505000001"})
        with account.database.transaction() as stop:
            stop.execute(text("SET LOCAL lock_timeout = '1s'"))
            stop.execute(statement, {"account": account.id, "address": "+48505000002"})
        chunk.execute(statement, {"account": account.id, "address": "+48505000003"})

    today = datetime.now(UTC).date()
    asked = {"first": today - timedelta(days=1), "last": today + timedelta(days=1), "time_zone": "UTC"}
    for _ in range(3):
        days = account.call(growth.count_growth, **asked)["days"]
        assert sum(day["archived"] for day in days) == 3
        job.tidy(account.database, today, keep_days=400)
    with account.database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM growth_steps")) == 0
        assert session.scalar(text("SELECT sum(archived) FROM growth")) == 3
