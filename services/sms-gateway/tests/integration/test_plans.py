"""Hot statements keep to their indexes when the day's partition has ten million rows (its statistics do, that is)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from channel import claims, instances, lane_outbox, settlement
from channel.batches import Batch, Header
from channel.outlets import Chunk, Claim
from chassis.database import Database, cursor_of, ensure_partitions, ensure_settings, make_engine
from chassis.ids import new_id
from chassis.testing import as_administrator
from contracts.ids import message_ids
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Content, SmsMessage
from sms_gateway.outbound.__main__ import PLANNER
from sms_gateway.store import receipts
from sms_gateway.store.ledger import SmsLedger
from sms_gateway.store.receipts import Arrived

ROWS = 10_000_000
READS_ALL = ROWS * 0.01  # what the planner takes for the work on so many rows, cpu_tuple_cost each
_HOT = ("ledger", "claims")


class Explained:
    """A cursor that asks for the plan of each statement before it runs it."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.scanned: dict[str, set[str]] = {}
        self.costs: dict[str, float] = {}

    def execute(self, statement: str, *arguments: Any) -> Any:
        if statement.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            (plan,) = self._cursor.execute("EXPLAIN (FORMAT JSON) " + statement, *arguments).fetchone()
            self.costs[statement] = max(plan[0]["Plan"]["Total Cost"], self.costs.get(statement, 0.0))
            for node in _nodes(plan[0]["Plan"]):
                name = node.get("Relation Name", "")
                if "Seq Scan" in node["Node Type"] and name.startswith(_HOT):
                    self.scanned.setdefault(statement, set()).add(name)
        return self._cursor.execute(statement, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


@pytest.fixture
def full_day(database: Database) -> Iterator[None]:
    """Today's partitions with some thousand rows, and statistics that say ten million."""
    today = datetime.now(UTC).date()
    with database.transaction() as session:
        for table in ("ledger", "ledger_parts"):
            ensure_partitions(session, table, today - timedelta(days=1), days=3)
        of = message_ids(new_id())
        session.execute(
            text(
                "INSERT INTO ledger (message_id, account_id, carrier_id, carrier_message_id, address, state, parts)"
                " SELECT id, :account, :account, id::text, '+48600100200', 'submitted', 1 FROM unnest(:ids) AS i(id)"
            ),
            {"account": new_id(), "ids": [of(number) for number in range(5_000)]},
        )
        session.execute(
            text(
                "INSERT INTO ledger_parts (message_id, part, carrier_id, carrier_message_id, state)"
                " SELECT id, 1, :carrier, id::text, 'submitted' FROM unnest(:ids) AS i(id)"
            ),
            {"carrier": new_id(), "ids": [of(number) for number in range(5_000)]},
        )
    names = [f"{table}_p{today:%Y%m%d}" for table in ("ledger", "ledger_parts")]
    for name in names:
        with as_administrator(database) as session:
            session.execute(text(f"ANALYZE {name}"))
            # The planner multiplies the rows of a page by the pages that it finds: these are few, and very full.
            session.execute(
                text(f"UPDATE pg_class SET reltuples = {ROWS} WHERE oid = CAST(:name AS regclass)"), {"name": name}
            )
    yield
    with as_administrator(database) as session:
        session.execute(text("TRUNCATE ledger, ledger_parts"))
        for name in names:
            session.execute(text(f"ANALYZE {name}"))


def _chunks(count: int) -> list[Chunk]:
    content = Content(new_id(), "Wici", {"text": "Hej"})
    made = []
    for _ in range(count):
        raw = {
            "batch_id": str(new_id()), "account_id": str(new_id()), "campaign_id": str(new_id()),
            "send_id": str(new_id()), "content_hash": "h",
        }  # fmt: skip
        recipients = [
            {"number": number, "address": f"+48600{number:06d}", "contact_id": str(new_id()), "fields": {}}
            for number in range(100)
        ]
        made.append(Chunk(Batch(Header(raw, Lane.BULK), content, 100), None, recipients))
    return made


def _messages(chunk: Chunk, state: MessageState) -> list[SmsMessage]:
    of, made = message_ids(chunk.batch.header.send_id), []
    chunk.claim = chunk.claim or Claim(new_id(), 100)
    for recipient in chunk.recipients:
        message = SmsMessage(chunk, recipient, str(of(recipient["number"])), False, 0)
        message.state, message.at = state, datetime.now(UTC).timestamp()
        made.append(message)
    return made


def _receipts(count: int) -> list[Arrived]:
    now, carrier = datetime.now(UTC).timestamp(), new_id()
    return [Arrived(carrier, str(new_id()), MessageState.DELIVERED, "", f"48600{n:06d}", now) for n in range(count)]


def _run_everything_hot(cursor: Any) -> None:
    instance, now, ledger = new_id(), datetime.now(UTC), SmsLedger()
    instances.renew_lease(cursor, instance)
    chunks = _chunks(20)
    claims.take(cursor, instance, chunks)
    settlement.settle(cursor, ledger, _messages(chunks[0], MessageState.SUBMITTED))
    settlement.settle(cursor, ledger, _messages(chunks[0], MessageState.REJECTED), careful=True)
    settlement.settle(cursor, ledger, _messages(chunks[1], MessageState.UNKNOWN), careful=True)
    receipts.apply(cursor, _receipts(2_000), now)
    receipts.apply(cursor, _receipts(1), now)
    receipts.apply(cursor, receipts.take_parked(cursor), now)
    claims.take_abandoned(cursor, new_id(), 20)
    claims.settled_states(cursor, [str(new_id()) for _ in range(100)])
    claims.delete(cursor, [chunk.claim.claim_id for chunk in chunks if chunk.claim])
    lane_outbox.record(cursor, instance, ledger.source, orjson.loads(b"[]"), [])


def test_no_hot_statement_reads_a_partition_of_ten_million_rows(
    full_day: None, database: Database, database_url: Any
) -> None:
    engine = make_engine(database_url("sms_gateway"), pool_size=1, settings=PLANNER)
    ensure_settings(engine, PLANNER)
    outbound = Database(engine)
    with outbound.transaction() as session:
        cursor = Explained(cursor_of(session))
        _run_everything_hot(cursor)
        session.rollback()
    outbound.dispose()

    assert len(cursor.costs) > 10
    assert cursor.scanned == {}


def test_no_other_plan_tempts_the_planner_when_its_settings_are_lost(full_day: None, database: Database) -> None:
    with database.transaction() as session:
        cursor = Explained(cursor_of(session))
        _run_everything_hot(cursor)
        session.rollback()

    assert not {name for names in cursor.scanned.values() for name in names if name.startswith("ledger_p2")}
    assert {statement: cost for statement, cost in cursor.costs.items() if cost > READS_ALL} == {}
