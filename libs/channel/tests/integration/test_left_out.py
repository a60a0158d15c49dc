"""Whoever has said no since their campaign began gets nothing from the schedule, and is counted by the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from channel import claims, upkeep
from channel.left_out import CODES, Looked, asker
from channel.outlets import Chunk
from channel.upkeep import Upkeep
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from contracts.errors import Unavailable
from contracts.vocabulary import Channel, Lane, LeftOut, MessageState

from .conftest import ACCOUNT, chunk, header, nobody, settled
from .test_campaigns import count
from .test_parking import DEAD, Queues
from .test_settlement import PlainOutbound, settle


def waiting(database: Database, lane: Lane = Lane.BULK, people: int = 5) -> Chunk:
    """A send to contacts, all of whom wait and are due."""
    of = chunk(header(lane), *range(1, people + 1))
    for recipient in of.recipients:
        recipient["contact_id"] = str(new_id()) if lane is Lane.BULK else None
    settle(database, settled(of, MessageState.DEFERRED, due_at=datetime.now(UTC), code="4.2.2"))
    return of


Ask = Callable[[Sequence[Looked]], Any]


class Asking:
    """An upkeep whose contacts answer as `ask` does, and what it has taken out of the schedule."""

    def __init__(self, database: Database, instance_id: UUID, ask: Ask) -> None:
        self.adopted: list[Chunk] = []
        self.queues = Queues()
        self.upkeep = Upkeep(
            database, PlainOutbound(), instance_id, self.queues,  # type: ignore[arg-type]
            ask=ask, room=lambda: 10_000, on_due=self.adopted.extend,
        )  # fmt: skip

    def hand_over(self) -> list[Chunk]:
        """What was due, and may leave."""
        self.adopted.clear()
        self.upkeep._hand_over_due()
        return list(self.adopted)


def hand_over(database: Database, instance_id: UUID, ask: Ask) -> list[Chunk]:
    return Asking(database, instance_id, ask).hand_over()


def due(database: Database) -> int:
    """How many wait and are due, none of them tried once more."""
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM retries WHERE due_at <= now() AND attempts = 1")) or 0


def claimed(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM claims")) or 0


def test_who_is_to_be_left_out_is_marked_when_they_are_due(database: Database, instance: Callable[..., UUID]) -> None:
    of = waiting(database)
    asked: list[Looked] = []

    def ask(looked: Sequence[Looked]) -> dict[str, str]:
        asked.extend(looked)
        return {
            each.message_id: LeftOut.WITHDRAWN for each in looked if each.contact_id == of.recipients[1]["contact_id"]
        }

    (adopted,) = hand_over(database, instance(), ask)

    assert sorted(each.address for each in asked) == [one["address"] for one in of.recipients]
    marks = {one["number"]: one.get("left_out") for one in adopted.recipients}
    assert marks == {1: None, 2: "withdrawn", 3: None, 4: None, 5: None}


def test_nothing_of_a_campaign_leaves_while_nobody_can_say_who_is_left_out(
    database: Database, instance: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question in a quarter of a minute; a single message does not wait behind those who wait for its answer."""
    waiting(database, people=2_000)
    single, asked, now = waiting(database, Lane.TRANSACTIONAL, people=1), list[int](), [100.0]
    monkeypatch.setattr(upkeep, "monotonic", lambda: now[0])

    def ask(looked: Sequence[Looked]) -> dict[str, str]:
        asked.append(len(looked))
        raise Unavailable("service.timeout", "contacts is away")

    asking = Asking(database, instance(), ask)
    (adopted,) = asking.hand_over()
    assert adopted.batch.header.send_id == single.batch.header.send_id
    assert (asked, due(database)) == ([upkeep.DUE_AT_ONCE], 2_000)

    later = waiting(database, Lane.TRANSACTIONAL, people=1)
    (adopted,) = asking.hand_over()
    assert adopted.batch.header.send_id == later.batch.header.send_id
    assert len(asked) == 1

    now[0] += upkeep.UNANSWERED_AGAIN_SECONDS
    assert asking.hand_over() == []
    assert (len(asked), due(database)) == (2, 2_000)


def test_contacts_that_answer_again_let_all_of_it_go(database: Database, instance: Callable[..., UUID]) -> None:
    waiting(database, people=1_200)

    adopted = hand_over(database, instance(), nobody)

    assert sum(len(each.recipients) for each in adopted) == 1_200
    assert due(database) == 0


def test_single_messages_are_handed_over_before_a_campaign_that_has_waited_longer(
    database: Database, instance: Callable[..., UUID]
) -> None:
    waiting(database, people=3)
    single = waiting(database, Lane.TRANSACTIONAL, people=2)

    first, second = hand_over(database, instance(), nobody)

    assert (first.batch.header.send_id, len(first.recipients)) == (single.batch.header.send_id, 2)
    assert len(second.recipients) == 3


def test_a_stop_while_contacts_is_asked_leaves_all_where_it_is(
    database: Database, instance: Callable[..., UUID]
) -> None:
    waiting(database)
    asked: list[int] = []

    def ask(looked: Sequence[Looked]) -> dict[str, str]:
        asked.append(len(looked))
        asking.upkeep.stop(0.0)
        return {}

    asking = Asking(database, instance(), ask)

    assert asking.hand_over() == []
    assert (asked, due(database), claimed(database)) == ([5], 5, 0)


def test_who_has_left_meanwhile_claims_nothing(database: Database, instance: Callable[..., UUID]) -> None:
    """A claim of an instance that is not there any more would be swept at once, as handed over by who is dead."""
    waiting(database)
    waiting(database, Lane.TRANSACTIONAL)
    me = instance()

    def ask(looked: Sequence[Looked]) -> dict[str, str]:
        with database.transaction() as session:
            claims.leave(cursor_of(session), me)
        return {}

    assert [each.batch.header.lane for each in hand_over(database, me, ask)] == [Lane.TRANSACTIONAL]
    assert due(database) == 5 + 5, "what was handed over and had no outcome is due again"
    assert claimed(database) == 0


ANSWERS = (
    None, [], {}, {"left_out": None}, {"left_out": [[0]]}, {"left_out": [[0, "deleted", 1]]},
    {"left_out": [["0", "deleted"]]}, {"left_out": [[True, "deleted"]]}, {"left_out": [[5, "deleted"]]},
    {"left_out": [[-1, "deleted"]]}, {"left_out": [[0, "moved away"]]}, {"left_out": [[0, None]]},
    {"left_out": [[0, ["deleted"]]]}, {"left_out": {"0": "deleted"}},
)  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS, ids=repr)
def test_an_answer_that_is_none_parks_nobody_and_lets_nobody_go(
    database: Database, instance: Callable[..., UUID], answer: Any
) -> None:
    waiting(database)
    single = waiting(database, Lane.TRANSACTIONAL, people=1)
    asking = Asking(database, instance(), asker(lambda *_, **__: answer, "sms_gateway", Channel.SMS))

    (adopted,) = asking.hand_over()

    assert adopted.batch.header.send_id == single.batch.header.send_id
    assert (due(database), asking.queues.bodies) == (5, [])


@pytest.mark.parametrize(
    "broken",
    [
        {"account_id": "nobody's"}, {"recipients": []}, {"recipients": [{"number": 1}]},
        {"recipients": [{"number": 1, "address": "+48600000001", "contact_id": "nobody"}]},
        {"recipients": [{"number": 1, "address": 48600000001, "contact_id": ACCOUNT}]},
    ],
    ids=repr,
)  # fmt: skip
def test_a_row_that_contacts_could_not_be_asked_about_is_parked_and_the_others_go(
    database: Database, instance: Callable[..., UUID], broken: dict[str, Any]
) -> None:
    of = waiting(database)
    (taken,) = bodies_of(database, of.batch.header.id_of(3))
    with database.transaction() as session:
        session.execute(
            text("UPDATE retries SET body = :body WHERE message_id = :id"),
            {"body": orjson.dumps({**orjson.loads(taken), **broken}), "id": of.batch.header.id_of(3)},
        )
    asked: list[Looked] = []
    asking = Asking(database, instance(), lambda looked: asked.extend(looked) or {})

    adopted = asking.hand_over()

    assert sorted(one["number"] for each in adopted for one in each.recipients) == [1, 2, 4, 5]
    assert of.batch.header.id_of(3) not in {each.message_id for each in asked}
    assert [lane for lane, _ in asking.queues.bodies] == [DEAD]


def bodies_of(database: Database, *message_ids: str) -> list[bytes]:
    with database.transaction() as session:
        found = text("SELECT body FROM retries WHERE message_id = ANY(CAST(:ids AS uuid[]))")
        return [bytes(body) for body in session.scalars(found, {"ids": list(message_ids)})]


def test_contacts_is_asked_once_for_each_account() -> None:
    asked: list[Any] = []

    def call(name: str, actor: Any, payload: Any, *, deadline: float = 0) -> Any:
        asked.append((name, actor["account_id"], payload))
        return {"left_out": [[len(payload["addressees"]) - 1, "deleted"]]}

    looked = [Looked(f"m{at}", "a" if at % 2 else "b", f"c{at}", f"x{at}", f"k{at}") for at in range(5)]
    verdicts = asker(call, "sms_gateway", Channel.SMS)(looked)

    assert verdicts == {"m4": "deleted", "m3": "deleted"}
    assert [(name, account) for name, account, _ in asked] == [("contacts.check_addressees", one) for one in "ba"]
    assert asked[1][2] == {
        "channel": "sms", "addressees": [["c1", "x1"], ["c3", "x3"]], "campaign_ids": ["k1", "k3"],
    }  # fmt: skip


def test_the_ledger_counts_them_by_the_reason_and_not_as_failed(database: Database) -> None:
    of = header()
    settle(database, settled(chunk(of, 1, 2, 3), MessageState.DELIVERED))
    settle(database, settled(chunk(of, 4, 5), MessageState.REJECTED, code=CODES[LeftOut.CHANGED]))
    settle(database, settled(chunk(of, 6), MessageState.REJECTED, code=CODES[LeftOut.ERASED]))
    settle(database, settled(chunk(of, 7), MessageState.REJECTED, code="address.invalid"))

    assert sorted(map(str, count(database, of))) == sorted(map(str, (3, 1, 0, ("changed", 2), ("erased", 1))))
    assert of.account_id == ACCOUNT
