"""Whoever has said no since their campaign began gets nothing from the schedule, and is counted by the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from channel.left_out import CODES, Looked, asker
from channel.outlets import Chunk
from channel.upkeep import Upkeep
from chassis.database import Database
from chassis.ids import new_id
from contracts.errors import Unavailable
from contracts.vocabulary import Channel, Lane, LeftOut, MessageState

from .conftest import ACCOUNT, chunk, header, settled
from .test_campaigns import count
from .test_parking import Queues
from .test_settlement import PlainOutbound, settle


def waiting(database: Database, lane: Lane = Lane.BULK, people: int = 5) -> Chunk:
    """A send to contacts, all of whom wait and are due."""
    of = chunk(header(lane), *range(1, people + 1))
    for recipient in of.recipients:
        recipient["contact_id"] = str(new_id()) if lane is Lane.BULK else None
    settle(database, settled(of, MessageState.DEFERRED, due_at=datetime.now(UTC), code="4.2.2"))
    return of


def hand_over(database: Database, instance_id: UUID, ask: Callable[[Sequence[Looked]], Any]) -> list[Chunk]:
    adopted: list[Chunk] = []
    Upkeep(
        database, PlainOutbound(), instance_id, Queues(), ask=ask, room=lambda: 100, on_due=adopted.extend  # type: ignore[arg-type]
    )._hand_over_due()  # fmt: skip
    return adopted


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
    database: Database, instance: Callable[..., UUID]
) -> None:
    """What a campaign has nothing to do with goes on, and an attempt is not counted."""
    waiting(database, people=3)
    single = waiting(database, Lane.TRANSACTIONAL, people=2)

    def ask(looked: Sequence[Looked]) -> dict[str, str]:
        raise Unavailable("service.timeout", "contacts is away")

    adopted = hand_over(database, instance(), ask)

    assert [each.batch.header.send_id for each in adopted] == [single.batch.header.send_id]
    with database.transaction() as session:
        soon = "due_at BETWEEN now() AND now() + interval '1 minute'"
        later = f"SELECT count(*) FROM retries WHERE {soon} AND attempts = 1"
        assert session.scalar(text(later)) == 3


def test_contacts_is_asked_once_for_each_account() -> None:
    asked: list[Any] = []

    def call(name: str, actor: Any, payload: Any, *, deadline: float = 0) -> Any:
        asked.append((name, actor["account_id"], payload))
        return {"left_out": [[len(payload["addressees"]) - 1, "deleted"]]}

    looked = [Looked(f"m{at}", "a" if at % 2 else "b", f"c{at}", f"x{at}") for at in range(5)]
    verdicts = asker(call, "sms_gateway", Channel.SMS)(looked)

    assert verdicts == {"m4": "deleted", "m3": "deleted"}
    assert [(name, account) for name, account, _ in asked] == [("contacts.check_addressees", one) for one in "ba"]
    assert asked[1][2] == {"channel": "sms", "addressees": [["c1", "x1"], ["c3", "x3"]]}


def test_the_ledger_counts_them_by_the_reason_and_not_as_failed(database: Database) -> None:
    of = header()
    settle(database, settled(chunk(of, 1, 2, 3), MessageState.DELIVERED))
    settle(database, settled(chunk(of, 4, 5), MessageState.REJECTED, code=CODES[LeftOut.CHANGED]))
    settle(database, settled(chunk(of, 6), MessageState.REJECTED, code=CODES[LeftOut.ERASED]))
    settle(database, settled(chunk(of, 7), MessageState.REJECTED, code="address.invalid"))

    assert sorted(map(str, count(database, of))) == sorted(map(str, (3, 1, 0, ("changed", 2), ("erased", 1))))
    assert of.account_id == ACCOUNT
