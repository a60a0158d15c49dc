"""What a person answers to an SMS: STOP archives the number, START restores what STOP archived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.database import Database
from contacts.domain import stop_sources
from contacts.usecases import archive, stops
from contracts.vocabulary import ArchiveReason, Channel

PHONE = "+48505603496"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def say(
    account: Any, database: Database, word: str, minute: int, channel: str = "sms", source: str = stop_sources.SMS
) -> dict[str, Any]:
    said: dict[str, Any] = {"channel": channel, "address": PHONE, "occurred_at": NOON + timedelta(minutes=minute)}
    event = {"event_id": uuid4(), "account_id": account.id, "addresses": [said]}
    handle(account, database, word, event, source)
    return event


def handle(account: Any, database: Database, word: str, event: dict[str, Any], source: str = stop_sources.SMS) -> None:
    with database.transaction() as session:
        if word == "START":
            stops.restore_stopped(session, event=event, source=source)
        else:
            event["addresses"][0]["reason"] = ArchiveReason.STOP
            archive.archive_refused(session, event=event, handler=f"archive_{source}", source=source)


def archived(account: Any, *, restored: bool = False) -> list[tuple[str, str]]:
    page = account.call(archive.list_archive, limit=10, cursor=None, restored=restored)
    return [(entry["address"], entry["reason"]) for entry in page["items"]]


def test_a_start_restores_what_a_stop_archived_with_a_trace(account: Any, database: Database) -> None:
    say(account, database, "STOP", 0)
    assert archived(account) == [(PHONE, "stop")]  # of nobody who is known

    say(account, database, "START", 1)

    assert archived(account) == []
    (entry,) = account.call(archive.list_archive, limit=10, cursor=None, restored=True)["items"]
    assert (entry["restore_note"], entry["restored_by"]) == ("START", None)
    say(account, database, "STOP", 2)
    assert archived(account) == [(PHONE, "stop")]


@pytest.mark.parametrize("words", [["STOP", "STOP", "START"], ["STOP", "START", "STOP"], ["START", "STOP"]])
def test_the_last_word_counts_in_whatever_order_it_is_told_of(
    account: Any, database: Database, words: list[str]
) -> None:
    """Events may come out of order; a STOP that was said after a START is not undone by it."""
    minutes = {"START": 1, "STOP": 2}
    say(account, database, "STOP", 0)
    for word in words:
        say(account, database, word, minutes[word])

    assert archived(account) == [(PHONE, "stop")]


def test_a_start_that_is_told_of_twice_does_not_undo_a_stop_in_between(account: Any, database: Database) -> None:
    say(account, database, "STOP", 0)
    start = say(account, database, "START", 1)
    say(account, database, "STOP", 2)
    handle(account, database, "START", start)
    assert archived(account) == [(PHONE, "stop")]


@pytest.mark.parametrize("reason", [ArchiveReason.UNSUBSCRIBED, ArchiveReason.STOP])
def test_what_somebody_archived_by_hand_is_not_restored_by_a_start(
    account: Any, database: Database, reason: ArchiveReason
) -> None:
    account.call(archive.add, channel=Channel.SMS, addresses=[PHONE], contact_ids=[], reason=reason, note="")
    say(account, database, "STOP", 0)
    say(account, database, "START", 1)
    assert archived(account) == [(PHONE, reason)]


@pytest.mark.parametrize("reason", [ArchiveReason.OTHER, ArchiveReason.STOP])
@pytest.mark.parametrize("source", ["manual", "bulk:1", "unsubscribe"])
@pytest.mark.parametrize(
    "of",
    [
        ("sms", stop_sources.SMS),
        ("whatsapp", stop_sources.OTT),
        ("rcs", stop_sources.RCS),
        ("viber", stop_sources.VIBER),
    ],
)
def test_what_is_archived_besides_a_stop_is_not_restored_by_a_start(
    account: Any, database: Database, reason: ArchiveReason, source: str, of: tuple[str, str]
) -> None:
    say(account, database, "STOP", 0, *of)
    entry = {"id": uuid4(), "address": PHONE, "contact_id": None, "reason": reason}
    with database.transaction() as session:
        given = {"account_id": account.id, "channel": of[0], "source": source}
        again = {**entry, "id": uuid4(), "reason": ArchiveReason.SPAM}
        assert archive.archive(session, **given, entries=[entry, again]) == []  # it is nobody new
    say(account, database, "STOP", 1, *of)
    say(account, database, "START", 2, *of)
    assert archived(account) == [(PHONE, reason)]


@pytest.mark.parametrize("told", [[0], [1], [1, 0]])
def test_a_stop_that_is_told_again_or_late_is_not_what_was_said_after_the_start(
    account: Any, database: Database, told: list[int]
) -> None:
    say(account, database, "STOP", 0)
    say(account, database, "START", 2)
    for minute in told:
        say(account, database, "STOP", minute)
    assert archived(account) == []

    say(account, database, "STOP", 3)
    assert archived(account) == [(PHONE, "stop")]


def test_one_address_twice_is_archived_once_for_its_first_reason(account: Any, database: Database) -> None:
    entries = [
        {"id": uuid4(), "address": PHONE, "contact_id": None, "reason": reason}
        for reason in (ArchiveReason.UNSUBSCRIBED, ArchiveReason.OTHER)
    ]
    with database.transaction() as session:
        given = {"account_id": account.id, "channel": "sms", "source": "manual"}
        assert archive.archive(session, **given, entries=entries) == [PHONE]
    assert archived(account) == [(PHONE, "unsubscribed")]


def test_a_start_is_of_its_account_alone(account: Any, database: Database) -> None:
    say(account, database, "STOP", 0)
    said = {"channel": "sms", "address": PHONE, "occurred_at": NOON + timedelta(minutes=1)}
    handle(account, database, "START", {"event_id": uuid4(), "account_id": uuid4(), "addresses": [said]})
    assert archived(account) == [(PHONE, "stop")]
