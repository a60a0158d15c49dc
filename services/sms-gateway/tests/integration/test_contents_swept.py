"""Contents of single sends go once nothing can leave with them; what they said is shown all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from phones import PHONE, rows

from channel import old_days
from chassis.database import Database
from chassis.ids import new_id
from contracts.ids import first_id_at
from contracts.vocabulary import Lane
from sms_gateway.domain.sends import Plan, new_send
from sms_gateway.store import contents, new_sends
from sms_gateway.usecases import messages, privacy

NOW = datetime.now(UTC)
OVER = NOW + contents.KEPT + contents.SLACK + timedelta(hours=1)


@pytest.fixture
def account_id() -> UUID:
    return new_id()


def send(database: Database, account_id: UUID, said: str, *, at: datetime = NOW, **more: Any) -> None:
    plan = Plan(
        account_id=account_id, sender="Wici", content={"text": said, "literal": True}, addresses=[PHONE], fields={},
        parts=1, lane=Lane.TRANSACTIONAL, text=said, external_id=None, request_hash=None, trace_id="",
        **{"schedule_at": None, **more},
    )  # fmt: skip
    with database.transaction() as session:
        messages.accept(session, plan, now=at)


def sweep(database: Database, now: datetime) -> int:
    with database.transaction() as session:
        return contents.sweep(session, now)


def kept(database: Database) -> list[str]:
    return sorted(said for (said,) in rows(database, "SELECT content ->> 'text' FROM contents"))


def test_a_content_goes_and_its_message_is_shown_with_sender_and_text(database: Database, account_id: UUID) -> None:
    send(database, account_id, "Kod 1")
    sweep(database, NOW + contents.KEPT)
    assert kept(database) == ["Kod 1"]
    sweep(database, OVER)
    assert kept(database) == []

    ((message_id,),) = rows(database, "SELECT message_id FROM ledger")
    actor: Any = {"account_id": str(account_id)}
    with database.transaction() as session:
        shown = messages.get_message(session, actor=actor, now=OVER, message_id=message_id)
        page = privacy.export_person(session, actor=actor, now=OVER, addresses=[PHONE], cursor=None, limit=10)
    assert (shown["from"], shown["text"]) == ("Wici", "Kod 1")
    assert [(one["record"]["from"], one["record"]["text"]) for one in page["items"]] == [("Wici", "Kod 1")]


def test_what_is_sent_again_is_kept_for_longer_and_seldom_written(database: Database, account_id: UUID) -> None:
    send(database, account_id, "Kod")
    written = rows(database, "SELECT xmin, keep_until FROM contents")
    send(database, account_id, "Kod", at=NOW + timedelta(hours=20))
    assert rows(database, "SELECT xmin, keep_until FROM contents") == written
    send(database, account_id, "Kod", at=NOW + timedelta(days=5))
    sweep(database, OVER)
    assert kept(database) == ["Kod"]


def test_a_campaigns_content_stays_also_where_single_messages_have_it(database: Database, account_id: UUID) -> None:
    for first in ("campaign", "single"):
        content = {"text": first, "literal": True}
        if first == "single":
            send(database, account_id, first)
        with database.transaction() as session:
            contents.keep_content(session, account_id=account_id, sender="Wici", content=content)
        send(database, account_id, first)
    sweep(database, OVER)
    assert kept(database) == ["campaign", "single"]


def test_what_something_waits_to_leave_with_stays(database: Database, account_id: UUID) -> None:
    """Scheduled for later, or of an account that was suspended for weeks."""
    send(database, account_id, "Za miesiąc", schedule_at=NOW + timedelta(days=30))
    send(database, account_id, "Wstrzymane", schedule_at=NOW + timedelta(seconds=1))
    send(database, account_id, "Wysłane")
    sweep(database, OVER)
    assert kept(database) == ["Wstrzymane", "Za miesiąc"]
    assert sweep(database, OVER) == 0, "it is put off for a day"

    rows(database, "DELETE FROM retries RETURNING 1")
    sweep(database, OVER + timedelta(days=2))
    assert kept(database) == ["Za miesiąc"]
    sweep(database, OVER + timedelta(days=31))
    assert kept(database) == []


def test_contents_of_before_and_sends_without_a_sender_are_as_they_were(database: Database, account_id: UUID) -> None:
    """As an older process writes them."""
    send(database, account_id, "Dawno")
    rows(database, "UPDATE contents SET keep_until = NULL RETURNING 1")
    rows(database, "UPDATE sends SET sender = NULL RETURNING 1")
    sweep(database, OVER)
    ((message_id,),) = rows(database, "SELECT message_id FROM ledger")
    actor: Any = {"account_id": str(account_id)}
    with database.transaction() as session:
        assert messages.get_message(session, actor=actor, now=OVER, message_id=message_id)["from"] == "Wici"


def test_sends_go_after_a_year_unless_they_wait(database: Database, account_id: UUID) -> None:
    """Their messages are shown without a text then."""
    send(database, account_id, "Wysłane")
    send(database, account_id, "Wstrzymane", schedule_at=NOW + timedelta(seconds=1))
    send(database, account_id, "Nowe", at=NOW)

    def forget(now: datetime) -> list[str]:
        with database.transaction() as session:
            old_days.forget_sends(session, first_id_at(now - timedelta(days=old_days.KEPT_DAYS)))
        return [said for (said,) in rows(database, "SELECT text FROM sends ORDER BY text")]

    year = timedelta(days=old_days.KEPT_DAYS)
    assert forget(NOW + year - timedelta(hours=1)) == ["Nowe", "Wstrzymane", "Wysłane"]
    assert forget(NOW + year + timedelta(hours=1)) == ["Wstrzymane"]
    (message_id, *_) = [one for (one,) in rows(database, "SELECT message_id FROM ledger ORDER BY message_id")]
    actor: Any = {"account_id": str(account_id)}
    with database.transaction() as session:
        assert messages.get_message(session, actor=actor, now=NOW, message_id=message_id)["text"] is None


def test_what_waits_of_many_sends_waits_for_its_own_time(database: Database, account_id: UUID) -> None:
    plans = [
        Plan(
            account_id=account_id, sender="Wici", content={"text": "Hej"}, addresses=[PHONE, f"+4860010020{at}"],
            fields={}, parts=1, lane=Lane.TRANSACTIONAL, text="Hej", external_id=None, request_hash=None, trace_id="",
            schedule_at=NOW + timedelta(days=at + 1),
        )
        for at in range(3)
    ]  # fmt: skip
    made = [new_send(new_id(), str(account_id), plan) for plan in plans]
    with database.transaction() as session:
        assert new_sends.write(session, made, ["h"] * 3, units={}, now=NOW)
    waiting = rows(database, "SELECT message_id, due_at FROM retries ORDER BY due_at, message_id")
    assert [due for _, due in waiting] == [NOW + timedelta(days=at + 1) for at in range(3) for _ in range(2)]
    assert [str(one) for one, _ in waiting] == [one for each in made for one in each.message_ids()]
