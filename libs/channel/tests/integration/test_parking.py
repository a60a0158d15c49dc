"""What cannot be read, among what waits: it is parked in its lane's dead letters, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from channel import claims
from channel.upkeep import Upkeep
from chassis.database import Database, cursor_of
from chassis.health import WorkStalled
from chassis.ids import new_id
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane, MessageState

from .conftest import ACCOUNT, LEDGER, chunk, header, nobody, settled
from .test_settlement import PlainOutbound, rows, settle

DEAD = f"dead.{channel_lane(Channel.SMS, Lane.BULK)}"


class Queues:
    """Stands for `LanePublisher`: what was published, by queue."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []

    def publish(self, position: int, lane: str, body: bytes) -> None:
        self.bodies.append((lane, body))

    def positions(self) -> list[int]:
        return []


@contextmanager
def upkeep(
    database: Database, instance_id: UUID, queues: Queues, on_due: Callable[[Any], Any] = print
) -> Iterator[Upkeep]:
    made = Upkeep(
        database, PlainOutbound(), instance_id, queues, ask=nobody, room=lambda: 100, on_due=on_due  # type: ignore[arg-type]
    )  # fmt: skip
    made.waker.start()
    yield made
    made.waker.close()


def test_what_cannot_be_read_in_the_schedule_holds_up_nobody_else(
    database: Database, instance: Callable[..., UUID]
) -> None:
    adopted, queues, now = list[Any](), Queues(), datetime.now(UTC)
    settle(database, settled(chunk(header(), *range(1, 21)), MessageState.DEFERRED, due_at=now))
    with database.transaction() as session:
        for body in (b"no JSON", b'{"lane": "bulk", "recipients": [{}]}'):
            session.execute(
                text(
                    "INSERT INTO retries (message_id, account_id, due_at, attempts, body)"
                    " VALUES (:id, :account, now() - interval '1 hour', 1, :body)"
                ),
                {"id": new_id(), "account": ACCOUNT, "body": body},
            )

    with upkeep(database, instance(), queues, adopted.extend) as it:
        it._hand_over_due()

    assert sum(len(each.recipients) for each in adopted) == 20
    assert sorted(queues.bodies) == [(DEAD, b"no JSON"), (DEAD, b'{"lane": "bulk", "recipients": [{}]}')]
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM retries")) == 0


def test_a_claim_of_the_dead_that_cannot_be_read_holds_up_no_other(
    database: Database, instance: Callable[..., UUID]
) -> None:
    queues, dead = Queues(), instance(is_dead=True)
    broken, whole = chunk(header(), 1, 2), chunk(header(), 3, 4)
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, dead, [broken, whole])
        assert broken.claim is not None
        session.execute(text("UPDATE claims SET body = '{}' WHERE claim_id = :claim"), {"claim": broken.claim.claim_id})

    with upkeep(database, instance(), queues) as it:
        it._sweep()

    assert [row.state for row in rows(database)] == ["unknown", "unknown"]
    assert (DEAD, b"{}") in queues.bodies
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM claims")) == 0


def test_an_upkeep_that_fails_turn_after_turn_is_not_ready(
    database: Database, instance: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(database, settled(chunk(header(), 1), MessageState.DEFERRED, due_at=datetime(2100, 1, 1, tzinfo=UTC)))
    with upkeep(database, instance(), Queues()) as it:
        now = 0.0
        monkeypatch.setattr(it, "_take_over", lambda: 1 / 0)
        monkeypatch.setattr(it._progress, "_clock", lambda: now)

        it._turn()

        it.check()
        now = 31.0
        with pytest.raises(WorkStalled):
            it.check()
