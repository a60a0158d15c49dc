"""Days of rules are the account's, not those of UTC."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text

from contacts.usecases import accounts, people, segments

# Half past eleven in the evening of UTC: the day after in Warsaw, still the afternoon in New York.
LATE = datetime(2027, 3, 9, 23, 30, tzinfo=UTC)
BIRTHDAY = {"field": "birth_date", "op": "anniversary_in_days", "value": 0}


def _who(account: Any, rules: Any, at: datetime = LATE) -> list[str]:
    with account.database.transaction() as session:
        page = people.find_contacts(
            session, actor=account.actor, now=at, limit=100, cursor=None, rules=rules, segment_id=None
        )
    return sorted(one["city"] for one in page["items"])


def _hears(account: Any, time_zone: str, said_at: datetime) -> None:
    with account.database.transaction() as session:
        accounts.follow_zone(session, account_id=account.id, time_zone=time_zone, said_at=said_at)


@pytest.fixture
def born(account: Any) -> Any:
    for city, day in (("ninth", 9), ("tenth", 10)):
        birth_date = date(1990, 3, day)
        account.call(people.create, terms=account.terms, email=f"{city}@x.example", city=city, birth_date=birth_date)
    return account


def test_a_birthday_begins_at_the_accounts_midnight(born: Any) -> None:
    assert _who(born, BIRTHDAY) == ["tenth"]

    _hears(born, "America/New_York", LATE)
    assert _who(born, BIRTHDAY) == ["ninth"]


def test_what_was_said_last_stands_in_whatever_order_it_is_heard(born: Any) -> None:
    said = [("Asia/Tokyo", LATE.replace(hour=3)), ("America/New_York", LATE), ("Europe/London", LATE.replace(hour=1))]
    for time_zone, said_at in [*said, *said]:
        _hears(born, time_zone, said_at)
    _hears(born, "Mars/Olympus", LATE.replace(minute=59))

    assert _who(born, BIRTHDAY) == ["ninth"]


def test_an_account_that_has_no_contacts_yet_keeps_its_zone(new_account: Any) -> None:
    account = new_account()
    _hears(account, "Asia/Tokyo", LATE)
    assert account.call(segments.count, rules=BIRTHDAY)["count"] == 0

    account.call(people.create, terms=account.terms, email="a@x.example", city="tenth", birth_date=date(1990, 3, 9))
    assert _who(account, BIRTHDAY, LATE.replace(hour=14)) == ["tenth"]
    assert _who(account, BIRTHDAY, LATE.replace(hour=16)) == []


def test_moments_are_of_the_day_that_the_account_had(account: Any) -> None:
    contact = account.call(people.create, terms=account.terms, email="a@x.example", city="late")
    with account.database.transaction() as session:
        session.execute(text("UPDATE contacts SET created_at = :at WHERE id = :id"), {"at": LATE, "id": contact["id"]})
    made_on = {"field": "created_at", "op": "eq", "value": "2027-03-10"}

    assert _who(account, made_on) == ["late"]
    _hears(account, "UTC", LATE)
    assert _who(account, made_on) == []


def test_a_zone_that_nobody_told_of_is_learnt_with_the_next_answer_of_identity(born: Any) -> None:
    terms = replace(born.terms, time_zone="America/New_York")
    born.call(people.create, terms=terms, email="b@x.example", city="another")
    assert _who(born, BIRTHDAY) == ["ninth"]

    born.call(people.create, terms=replace(terms, time_zone="Mars/Olympus"), email="c@x.example", city="another")
    assert _who(born, BIRTHDAY) == ["ninth"]
