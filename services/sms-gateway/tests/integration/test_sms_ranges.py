"""Somebody has an account's form send messages to many numbers of one range: they wait, and an operator decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from phones import rows
from smpp_partners import an_account
from sqlalchemy import text

from chassis.database import Database, Session
from chassis.ids import new_id
from contracts.errors import Conflict, Invalid
from contracts.vocabulary import Lane
from sms_gateway.domain import ranges
from sms_gateway.domain.code_rates import key_of
from sms_gateway.domain.sends import Partner, Plan
from sms_gateway.store import held_ranges
from sms_gateway.usecases import messages, sms_ranges

NOW = datetime.now(UTC)
RANGE = "+4860010"
CONTENT = {"text": "Kod", "literal": True, "validity_minutes": None}
OPERATOR: Any = {"operator_id": str(new_id())}


@pytest.fixture(autouse=True)
def suspicions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sms_ranges, "_SUSPICIONS", ranges.Suspicions())
    monkeypatch.setattr(held_ranges, "MOST", 30)
    yield


@pytest.fixture
def account_id(database: Database) -> UUID:
    return with_quota(database)


def with_quota(database: Database) -> UUID:
    made = an_account(database)
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO quota_leases (reservation_id, account_id, granted) VALUES (:id, :account, 9000)"),
            {"id": new_id(), "account": made},
        )
    return made


def send(
    database: Database, account_id: UUID, phones: Sequence[str], *, lane: Lane = Lane.TRANSACTIONAL, at: datetime = NOW,
    sender: str = "Wici",
) -> list[Any]:  # fmt: skip
    """A request for each number; the answers."""
    with database.transaction() as session:
        return send_in(session, account_id, phones, lane=lane, at=at, sender=sender)


def send_in(
    session: Session, account_id: UUID, phones: Sequence[str], *, lane: Lane = Lane.TRANSACTIONAL, at: datetime = NOW,
    sender: str = "Wici",
) -> list[Any]:  # fmt: skip
    plans = [Plan(account_id, sender, CONTENT, [to], {}, 1, lane, "Kod", None, None, None, "") for to in phones]
    return messages.store_sends(session, plans, now=at)


def carry_out(database: Database) -> None:
    """As the outbound process does, turn after turn."""
    is_more = True
    while is_more:
        with database.transaction() as session:
            is_more = held_ranges.carry_out_next(session, NOW)


def phones(count: int, first: int = 0, beginning: str = RANGE) -> list[str]:
    return [f"{beginning}{number:04d}" for number in range(first, first + count)]


def flood(database: Database, account_id: UUID, count: int = 60) -> None:
    for first in range(0, count, 5):
        send(database, account_id, phones(5, first))


def waiting(database: Database) -> int:
    return int(rows(database, "SELECT count(*) FROM retries WHERE reason LIKE 'range_held%'")[0][0])


def the_range(database: Database) -> dict[str, Any]:
    with database.transaction() as session:
        asked: dict[str, Any] = {"actor": OPERATOR, "now": NOW, "cursor": None, "limit": 10, "state": None}
        (found,) = sms_ranges.list_sms_ranges(session, **asked)["items"]
    return dict(found)


def decide(database: Database, what: str) -> dict[str, Any]:
    range_id = the_range(database)["id"]
    with database.transaction() as session:
        decided = getattr(sms_ranges, f"{what}_sms_range")
        return dict(decided(session, actor=OPERATOR, now=NOW, range_id=range_id, reason="Asked them"))


def acts(database: Database) -> Counter[str]:
    found = rows(database, "SELECT convert_from(body, 'UTF8')::jsonb ->> 'action' FROM outbox WHERE exchange <> ''")
    return Counter(action for (action,) in found)


def test_a_range_that_gets_too_much_is_held_and_told_once(database: Database, account_id: UUID) -> None:
    flood(database, account_id)
    found = the_range(database)
    assert (found["range"], found["state"], found["account_id"]) == (RANGE, "held", account_id)
    assert 30 < found["numbers"] <= 35
    # Nine were sent before it was suspected; of what is over the limit, all wait, and all are on disk.
    assert found["waiting"] == waiting(database) >= 15
    assert rows(database, "SELECT count(*) FROM ledger WHERE state = 'accepted'") == [(60,)]
    assert acts(database) == {"sms_range.held": 1}
    for (due_at,) in rows(database, "SELECT due_at FROM retries"):
        assert due_at - NOW > timedelta(hours=47)


def test_what_is_released_leaves_and_the_range_is_left_alone_for_a_day(database: Database, account_id: UUID) -> None:
    flood(database, account_id)
    assert decide(database, "release") | {"id": 0, "held_at": 0, "decided_at": 0} == {
        "id": 0, "account_id": account_id, "range": RANGE, "state": "released", "held_at": 0, "decided_at": 0,
        "numbers": the_range(database)["numbers"], "waiting": 0,
    }  # fmt: skip
    assert rows(database, "SELECT count(*) FROM retries WHERE due_at > now()") == [(0,)]
    before = rows(database, "SELECT count(*) FROM retries")
    for first in range(100, 200, 5):
        send(database, account_id, phones(5, first))
    assert rows(database, "SELECT count(*) FROM retries") == before

    with pytest.raises(Conflict):
        decide(database, "drop")


def test_what_is_dropped_is_rejected_and_the_range_refused_for_a_day(database: Database, account_id: UUID) -> None:
    flood(database, account_id)
    held = waiting(database)
    decide(database, "drop")
    assert rows(database, "SELECT code, count(*) FROM ledger WHERE state = 'rejected' GROUP BY code") == [
        ("range_dropped", held)
    ]
    assert waiting(database) == 0
    (refused,) = send(database, account_id, phones(1, 500))
    assert isinstance(refused, Invalid) and [each["code"] for each in refused.errors] == ["range.dropped"]
    (taken,) = send(database, account_id, ["+48700100200"])
    assert taken["messages"]
    (later,) = send(database, account_id, phones(1, 501), at=NOW + timedelta(hours=25))
    assert later["messages"]
    assert acts(database) == {"sms_range.held": 1, "sms_range.dropped": 1}


@pytest.mark.parametrize(
    "harmless",
    ["bulk", "a partner's list", "spread", "one number", "another account's", "an account without a limit", "slowly"],
)
def test_what_is_no_pumping_is_not_held(database: Database, account_id: UUID, harmless: str) -> None:
    if harmless == "bulk":
        send(database, account_id, phones(200), lane=Lane.BULK)
    elif harmless == "a partner's list":
        by = Partner(str(new_id()), 1, (5, 0, "Wici"), (1, 1, ""))
        with database.transaction() as session:
            plans = [
                Plan(account_id, "Wici", CONTENT, [to], {}, 1, Lane.TRANSACTIONAL, "Hej", None, None, None, "", by)
                for to in phones(200)
            ]
            messages.store_sends(session, plans, now=NOW)
    elif harmless == "spread":
        for number in range(50):
            send(database, account_id, [f"+4860{number:03d}{number:04d}", f"+4870{number:03d}{number:04d}"])
    elif harmless == "one number":
        for _ in range(100):
            send(database, account_id, phones(1))
    elif harmless == "another account's":
        flood(database, account_id)
        assert waiting(database)
        rows(database, "DELETE FROM retries RETURNING 1")
        other = an_account(database)
        rows(
            database,
            "INSERT INTO quota_leases (reservation_id, account_id, granted)"
            f" VALUES ('{new_id()}', '{other}', 99) RETURNING 1",
        )
        send(database, other, phones(3))
    elif harmless == "slowly":
        for turn in range(8):
            send(database, account_id, phones(20, turn * 20), at=NOW + timedelta(minutes=11 * turn))
    else:
        with database.transaction() as session:
            sms_ranges.set_sms_range_limit(
                session, actor=OPERATOR, now=NOW, account_id=account_id, most=0, reason="A school"
            )
        flood(database, account_id)
    assert waiting(database) == 0


def test_alerts_to_the_same_phones_are_so_many_numbers_as_there_are_phones(
    database: Database, account_id: UUID
) -> None:
    for minute in range(10):
        send(database, account_id, phones(20), at=NOW + timedelta(minutes=minute))
    assert rows(database, "SELECT count(*) FROM range_numbers") == [(20,)]
    assert waiting(database) == 0


def test_what_older_processes_noted_of_the_same_phones_is_not_counted_again(
    database: Database, account_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They made another key of a phone for each account."""
    monkeypatch.setattr(held_ranges, "MOST_OF_ALL", 40)
    accounts = [account_id, with_quota(database)]
    for each in accounts:
        old = [key_of(each, phone) for phone in phones(25)]
        with database.transaction() as session:
            session.execute(
                text("INSERT INTO range_numbers SELECT :account, :range, key, :now FROM unnest(:keys) AS k(key)"),
                {"account": each, "range": RANGE, "now": NOW, "keys": old},
            )
    for each in accounts:
        send(database, each, phones(25))
    assert waiting(database) == 0


def flood_from_many(database: Database, accounts: Sequence[UUID], count: int = 100) -> None:
    for number in range(count):
        send(database, accounts[number % len(accounts)], phones(1, number))


@pytest.fixture
def many(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Accounts none of which sends too much by itself."""
    monkeypatch.setattr(held_ranges, "MOST_OF_ALL", 40)
    return [with_quota(database) for _ in range(5)]


def test_a_range_that_gets_too_much_of_several_accounts_is_held_for_all(database: Database, many: list[UUID]) -> None:
    flood_from_many(database, many)
    found = the_range(database)
    assert (found["range"], found["state"], found["account_id"], found["numbers"]) == (RANGE, "held", None, 41)
    assert found["waiting"] == waiting(database) >= 45
    assert acts(database) == {"sms_range.held": 5}, "each of the accounts is told"
    (another,) = send(database, with_quota(database), phones(1, 900))
    assert another["messages"] and waiting(database) == found["waiting"] + 1


@pytest.mark.parametrize("what", ["release", "drop"])
def test_what_was_decided_of_a_range_holds_for_all_accounts(database: Database, many: list[UUID], what: str) -> None:
    flood_from_many(database, many)
    decide(database, what)
    assert waiting(database) == 0
    flood_from_many(database, many, 20)
    (answer,) = send(database, many[0], phones(1, 950))
    assert waiting(database) == 0
    assert isinstance(answer, Invalid) is (what == "drop")


@pytest.mark.parametrize("harmless", ["one account", "the same phones", "accounts with limits of their own"])
def test_what_several_accounts_may_send_is_not_held(database: Database, many: list[UUID], harmless: str) -> None:
    if harmless == "one account":
        flood_from_many(database, many[:1], 29)
    elif harmless == "the same phones":
        for account_id in many:
            send(database, account_id, phones(25))
    else:
        with database.transaction() as session:
            for account_id in many:
                sms_ranges.set_sms_range_limit(
                    session, actor=OPERATOR, now=NOW, account_id=account_id, most=0, reason="A school"
                )
        flood_from_many(database, many)
    assert waiting(database) == 0


def test_an_accounts_own_decision_goes_before_that_of_all(database: Database, many: list[UUID]) -> None:
    flood(database, many[0])
    decide(database, "release")
    flood_from_many(database, many[1:])
    before = waiting(database)
    assert before
    send(database, many[0], phones(5, 700))
    assert waiting(database) == before


@pytest.mark.parametrize("what", ["release", "drop"])
def test_an_accounts_decision_that_is_over_says_nothing_of_what_is_held_for_all(
    database: Database, many: list[UUID], what: str
) -> None:
    flood(database, many[0])
    decide(database, what)
    carry_out(database)
    rows(database, "UPDATE held_ranges SET decided_at = decided_at - interval '2 days' RETURNING 1")
    rows(database, "DELETE FROM range_numbers RETURNING 1")
    flood_from_many(database, many)
    held = waiting(database)
    assert held and rows(database, f"SELECT 1 FROM retries WHERE account_id = '{many[0]}' AND reason IS NOT NULL")
    carry_out(database)
    assert waiting(database) == held
    assert rows(database, "SELECT count(*) FROM ledger WHERE state = 'rejected' AND final_at > now()") == [(0,)]
    with database.transaction() as session:
        shown = {
            row.account_id: row.waiting for row in held_ranges.page(session, now=NOW, state=None, before=None, limit=9)
        }
    assert shown == {many[0]: 0, ranges.EVERYBODY: held}


def test_a_suspicion_is_of_what_is_concentrated() -> None:
    suspicions, account = ranges.Suspicions(), bytes(16)
    assert not any(suspicions.note(account, f"+4860{number:07d}", 1.0) for number in range(0, 5_000_000, 10_000))
    seen = [suspicions.note(account, f"+4870000{number:04d}", 2.0) for number in range(1_000)]
    assert 100 < seen.index(True) < 160  # a fifth of what the account sends
    assert all(seen[seen.index(True) :]), "none is lost for another that looks like it"
    assert not suspicions.note(account, "+48700000999", 70.0)  # another minute


def test_what_is_checked_or_rolled_back_counts_all_the_same_once_it_is_sent(
    database: Database, account_id: UUID
) -> None:
    """`single_sends.check` stores a message and takes it back, a moment before it is sent."""
    for number in range(60):
        with database.transaction() as session:
            send_in(session, account_id, phones(1, number))
            session.rollback()
    assert rows(database, "SELECT 1 FROM range_numbers") == []
    flood(database, account_id)
    assert the_range(database)["numbers"] > 30 and waiting(database) >= 15


def test_what_is_refused_does_not_count(database: Database, account_id: UUID) -> None:
    for number in range(60):
        send(database, account_id, phones(1, number), sender="Nobody")
    assert rows(database, "SELECT 1 FROM range_numbers") == []


@pytest.mark.parametrize(("what", "left"), [("release", "accepted"), ("drop", "rejected")])
def test_what_is_being_stored_while_an_operator_decides_does_not_stay(
    database: Database, account_id: UUID, what: str, left: str
) -> None:
    flood(database, account_id)
    rows(database, "DELETE FROM retries RETURNING 1")
    with database.transaction() as session:
        send_in(session, account_id, phones(3, 900))
        decide(database, what)
    assert waiting(database) == 3
    carry_out(database)
    assert waiting(database) == 0
    assert rows(database, "SELECT state FROM ledger ORDER BY message_id DESC LIMIT 3") == [(left,)] * 3


@pytest.mark.parametrize("what", ["release", "drop"])
def test_many_go_by_pages(database: Database, account_id: UUID, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_ranges, "AT_ONCE", 10)
    flood(database, account_id)
    held = waiting(database)
    decide(database, what)
    assert waiting(database) == held - 10
    carry_out(database)
    assert waiting(database) == 0
