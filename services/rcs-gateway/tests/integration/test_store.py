"""Taking back, answers and a person's export, as the database has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS
from contracts.ids import message_ids
from rcs_gateway.batches import Arrived
from rcs_gateway.domain.events import postback_of, read
from rcs_gateway.models import Agent
from rcs_gateway.outbound.directory import Directory
from rcs_gateway.store import reports, revocations
from rcs_gateway.usecases import answers, privacy

PHONE = "+48600100200"
ACCOUNT, AGENT = uuid4(), uuid4()
ACTOR: Any = {"account_id": str(ACCOUNT), "user_id": str(uuid4())}
HOUR = timedelta(hours=1)


@pytest.fixture
def agent(database: Database) -> Iterator[Database]:
    with database.transaction() as session:
        session.add(Agent(id=AGENT, account_id=ACCOUNT, name="shop", title="Shop", state="active", hook=str(uuid4())))
    yield database


def written(database: Database, states: list[str | tuple[str, str]]) -> list[UUID]:
    """Messages of these states, or state and code, that are asked to be taken back."""
    of, now = message_ids(new_id()), datetime.now(UTC)
    found = []
    with database.transaction() as session:
        for number, each in enumerate(states):
            state, code = each if isinstance(each, tuple) else (each, None)
            session.execute(
                text(
                    "INSERT INTO ledger (message_id, account_id, address, state, code, updated_at, agent_id)"
                    " VALUES (:id, :account, :address, 'submitted', :code, :now, :agent)"
                ),
                {"id": of(number), "account": ACCOUNT, "address": PHONE, "code": code, "now": now, "agent": AGENT},
            )
            found.append(of(number))
        revocations.ask(session, account_id=ACCOUNT, message_ids=found, now=now)
        for message_id, each in zip(found, states, strict=True):
            state = each if isinstance(each, str) else each[0]
            session.execute(
                text("UPDATE ledger SET state = :state WHERE message_id = :id"), {"state": state, "id": message_id}
            )
    return found


def taken(database: Database, now: datetime, limit: int = 100) -> tuple[int, set[UUID]]:
    with database.transaction() as session:
        looked_at, due = revocations.take_due(cursor_of(session), now, limit)
    return looked_at, {one.message_id for one in due}


def states_of(database: Database, message_ids: list[UUID]) -> list[str]:
    with database.transaction() as session:
        known = dict(session.execute(text("SELECT message_id, state FROM revocations")).all())
    return [known[message_id] for message_id in message_ids]


def test_only_what_google_has_is_asked_back_and_only_that_is_given_up(agent: Database) -> None:
    """What waits in a queue for hours, of a channel that is away, is stopped when its turn comes."""
    asked = written(
        agent, ["submitted", "unknown", "accepted", "deferred", "delivered", ("undelivered", "rcs.revoked")]
    )
    now = datetime.now(UTC) + 5 * HOUR

    assert taken(agent, now) == (6, set(asked[:2]))
    assert states_of(agent, asked) == ["waiting"] * 4 + ["too_late", "revoked"]

    for hours in (0.9, 1.1, 9, 30):
        taken(agent, now + hours * HOUR)
    assert states_of(agent, asked) == ["too_late"] * 2 + ["waiting"] * 2 + ["too_late", "revoked"]
    with agent.transaction() as session:
        stopped = revocations.among(cursor_of(session), [str(each) for each in asked])
    assert stopped == {str(asked[2]), str(asked[3])}


def test_what_has_not_left_does_not_stand_before_what_google_has(agent: Database) -> None:
    waiting = written(agent, ["accepted"] * 30)
    (sent,) = written(agent, ["submitted"])
    now = datetime.now(UTC) + timedelta(seconds=1)

    turns = [taken(agent, now, limit=10) for _ in range(4)]

    assert [looked_at for looked_at, _ in turns] == [10, 10, 10, 1] and turns[3][1] == {sent}
    looks = sum(taken(agent, now + minute * timedelta(minutes=1))[0] for minute in range(1, 61))
    assert looks < 30 * 12 + 70, "ever more rarely"
    assert states_of(agent, waiting) == ["waiting"] * 30


def test_an_agent_whose_key_cannot_be_opened_keeps_no_other_from_taking_back(agent: Database) -> None:
    of_agent, of_other = written(agent, ["submitted", "submitted"])
    vault, other = Vault(SECRET_KEYS), uuid4()
    with agent.transaction() as session:
        named = {"name": "other", "title": "Other", "state": "active", "hook": str(uuid4())}
        session.add(Agent(id=other, account_id=ACCOUNT, private_key=vault.encrypt(b"key"), **named))
        session.execute(text("UPDATE agents SET private_key = 'of no key' WHERE id = :id"), {"id": AGENT})
        moved = text("UPDATE ledger SET agent_id = :other WHERE message_id = :id")
        session.execute(moved, {"other": other, "id": of_other})

    looked_at, due = Directory(agent, vault).due_revocations(100)

    assert looked_at == 2 and [one.message_id for _, one in due] == [of_other]
    assert states_of(agent, [of_agent]) == ["waiting"]


def told(database: Database, event: dict[str, Any], at: datetime) -> None:
    known = {"senderPhoneNumber": PHONE, "messageId": str(uuid4()), "eventId": str(uuid4()), **event}
    answer = read(known)
    assert answer is not None
    with database.transaction() as session:
        arrived = [Arrived(ACCOUNT, AGENT, answer, known, at.timestamp())]
        reports.apply(cursor_of(session), arrived, datetime.now(UTC))


def inbox(database: Database, **wanted: Any) -> list[dict[str, Any]]:
    with database.transaction() as session:
        asked: dict[str, Any] = {"actor": ACTOR, "now": datetime.now(UTC), "limit": 100, "cursor": None}
        return list(answers.list_inbound_rcs(session, **asked, **wanted)["items"])


def stops(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM stops")) or 0)


def test_a_start_that_comes_after_a_later_stop_takes_nothing_back(agent: Database) -> None:
    now = datetime.now(UTC)
    told(agent, {"text": "STOP"}, now)
    told(agent, {"eventType": "SUBSCRIBE"}, now - HOUR)
    assert stops(agent) == 1

    told(agent, {"eventType": "SUBSCRIBE"}, now + HOUR)
    assert stops(agent) == 0


def test_a_tap_at_the_customers_own_button_is_a_wish_only_where_it_can_be_nothing_else(agent: Database) -> None:
    now = datetime.now(UTC)
    for label in ("Anuluj", "End", "Start", "Wypisz mnie"):
        tap = {"text": label, "postbackData": postback_of(str(UUID(int=7)), 0, "own")}
        told(agent, {"suggestionResponse": tap}, now)

    assert {one["text"]: one["wish"] for one in inbox(agent)} == {
        "Anuluj": None, "End": None, "Start": None, "Wypisz mnie": "stop",
    }  # fmt: skip


def test_an_answer_that_came_days_late_is_found_by_its_time_and_its_words(agent: Database) -> None:
    now = datetime.now(UTC)
    told(agent, {"text": "Późna odpowiedź"}, now - timedelta(days=6))
    told(agent, {"text": "Dzisiejsza"}, now)
    day = timedelta(days=1)

    assert [one["text"] for one in inbox(agent, until=now - 5 * day)] == ["Późna odpowiedź"]
    assert [one["text"] for one in inbox(agent, since=now - 7 * day, until=now - 5 * day)] == ["Późna odpowiedź"]
    assert [one["text"] for one in inbox(agent, since=now - day)] == ["Dzisiejsza"]
    whole = {"since": datetime.min.replace(tzinfo=UTC), "until": datetime.max.replace(tzinfo=UTC)}
    assert inbox(agent, **whole) == inbox(agent)
    assert [one["text"] for one in inbox(agent, q="ODPOWIEDŹ")] == ["Późna odpowiedź"]


def test_a_persons_export_has_everything_page_by_page(agent: Database) -> None:
    written(agent, ["delivered"] * 12)
    for number in range(25):
        told(agent, {"text": f"{number}"}, datetime.now(UTC))
    written(agent, ["delivered"] * 3)

    exported: list[dict[str, Any]] = []
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        with agent.transaction() as session:
            page = privacy.export_person(
                session, actor=ACTOR, now=datetime.now(UTC), addresses=[PHONE], cursor=cursor, limit=10
            )
        exported, cursor, pages = exported + page["items"], page["next_cursor"], pages + 1

    assert pages == 4 and len({str(one["record"]["id"]) for one in exported}) == len(exported) == 40
    assert [one["kind"] for one in exported] == ["message"] * 3 + ["answer"] * 25 + ["message"] * 12
