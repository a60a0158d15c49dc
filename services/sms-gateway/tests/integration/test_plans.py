"""Hot statements keep to their indexes, whether the planner knows of ten million rows in a partition or of nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import event, text

from channel import claims, instances, lane_outbox, retries, settlement, stop_sayers
from channel.batches import Batch, Header
from channel.outlets import Chunk, Claim
from chassis.database import APART, Database, cursor_of, ensure_settings, make_engine
from chassis.ids import new_id
from chassis.partitions import ensure_partitions
from chassis.testing import as_administrator
from chassis.testing_plans import READS_ALL, ROWS, expected_cost, nodes
from contracts.ids import message_ids
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Arrived, ArrivedInbound, ArrivedUnread, Content, SmsMessage
from sms_gateway.outbound.__main__ import PLANNER
from sms_gateway.store import (
    answers,
    carrier_instances,
    inbound_sms,
    last_messages,
    overdue,
    parked_receipts,
    receipts,
    unknown_messages,
    unread_deliveries,
)
from sms_gateway.store.carrier_instances import Report
from sms_gateway.store.ledger import SmsLedger

_BESIDE = ("unread_deliveries", "inbound_sms", "last_messages", "stops", "overdue_later")
_HOT = ("ledger", "claims", "retries", "parked_receipts", "unknown_messages", *_BESIDE)
COME = 1_000  # receipts in one transaction


class Explained:
    """A cursor that asks for the plan of each statement before it runs it."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.scanned: dict[str, set[str]] = {}
        self.costs: dict[str, float] = {}

    def execute(self, statement: str, *arguments: Any, **options: Any) -> Any:
        for one in statement.split(APART):
            self.look(one, *arguments)
        return self._cursor.execute(statement, *arguments, **options)

    def look(self, statement: str, *arguments: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            (plan,) = self._cursor.execute("EXPLAIN (FORMAT JSON) " + statement, *arguments).fetchone()
            self.costs[statement] = max(expected_cost(plan[0]["Plan"]), self.costs.get(statement, 0.0))
            for node in nodes(plan[0]["Plan"]):
                name = node.get("Relation Name", "")
                if "Seq Scan" in node["Node Type"] and name.startswith(_HOT):
                    self.scanned.setdefault(statement, set()).add(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


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


@pytest.fixture
def full_beside(full_day: None, database: Database) -> Iterator[None]:
    """The same of what is kept beside the ledger."""
    rows = {
        "unread_deliveries": "gen_random_uuid(), gen_random_uuid(), '', 'broken', now()",
        "inbound_sms": "gen_random_uuid(), gen_random_uuid(), '48600' || i, '48500' || i, 0, 0, '', now()",
        "last_messages": "'+48600' || i, '48500' || i, gen_random_uuid(), gen_random_uuid(), NULL, NULL, now()",
        "stops": "gen_random_uuid(), '+48600' || i, now()",
        "overdue_later": "gen_random_uuid(), now() + interval '1 hour'",
    }
    with as_administrator(database) as session:
        for name in _BESIDE:
            session.execute(text(f"INSERT INTO {name} SELECT {rows[name]} FROM generate_series(1, 3000) i"))
            session.execute(text(f"ANALYZE {name}"))
            session.execute(
                text(f"UPDATE pg_class SET reltuples = {ROWS} WHERE oid = CAST(:name AS regclass)"), {"name": name}
            )
    yield
    with as_administrator(database) as session:
        for name in _BESIDE:
            session.execute(text(f"TRUNCATE {name}"))
            session.execute(text(f"ANALYZE {name}"))


class Measured:
    """A cursor that counts the rows of the ledger and of what waits beside it that each statement looks at."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.looked_at: dict[str, int] = {}

    def execute(self, statement: str, *arguments: Any) -> Any:
        if statement.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            self._cursor.execute("SAVEPOINT measured")
            asked = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement
            (plan,) = self._cursor.execute(asked, *arguments).fetchone()
            self._cursor.execute("ROLLBACK TO SAVEPOINT measured")
            rows = sum(map(_looked_at, nodes(plan[0]["Plan"])))
            self.looked_at[statement] = max(rows, self.looked_at.get(statement, 0))
        return self._cursor.execute(statement, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _looked_at(node: dict[str, Any]) -> int:
    """Rows that the node reads from a table, or puts together only to throw them away."""
    rows = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Join Filter", "Index Recheck"))
    if node.get("Relation Name", "").startswith(_HOT) and node["Node Type"] != "ModifyTable":
        rows += node["Actual Rows"]
    return int(rows * node["Actual Loops"])


@pytest.fixture
def new_day(database: Database) -> Iterator[Callable[[str], list[Arrived]]]:
    """A day whose partitions were made a moment ago: `new_day("whole")` are receipts of a few thousand messages in it.

    Other `kinds` are receipts of "parts", and of "final" messages: those are the only ones that had statistics made of.
    """
    today = datetime.now(UTC).date()
    with database.transaction() as session:
        for table in ("ledger", "ledger_parts"):
            session.execute(text(f"DROP TABLE IF EXISTS {table}_p{today:%Y%m%d}"))
            (name,) = ensure_partitions(session, table, today, days=1)
            session.execute(text(f"ALTER TABLE {name} SET (autovacuum_enabled = off)"))

    def fill(kind: str) -> list[Arrived]:
        of, carrier, now = message_ids(new_id()), new_id(), datetime.now(UTC).timestamp()
        bound = {"carrier": carrier, "ids": [of(number) for number in range(3 * COME)], "of_parts": kind == "parts"}
        with database.transaction() as session:
            session.execute(
                text(
                    "INSERT INTO ledger (message_id, account_id, carrier_id, carrier_message_id, address, state, parts)"
                    " SELECT id, :carrier, :carrier, CASE WHEN NOT :of_parts THEN id::text END, '+48600100200',"
                    " 'submitted', 1 FROM unnest(:ids) AS i(id)"
                ),
                bound,
            )
            session.execute(
                text(
                    "INSERT INTO ledger_parts (message_id, part, carrier_id, carrier_message_id, state)"
                    " SELECT id, 1, :carrier, id::text, 'submitted' FROM unnest(:ids) AS i(id) WHERE :of_parts"
                ),
                bound,
            )
        if kind == "final":
            with database.transaction() as session:
                session.execute(text("UPDATE ledger SET state = 'delivered'"))
                session.execute(text("ANALYZE ledger"))
                session.execute(text("UPDATE ledger SET state = 'submitted'"))
        return [
            Arrived(carrier, str(of(number)), MessageState.DELIVERED, "", "48600100200", now) for number in range(COME)
        ]

    yield fill
    with as_administrator(database) as session:
        session.execute(text("TRUNCATE ledger, ledger_parts"))
        for table in ("ledger", "ledger_parts"):
            session.execute(text(f"ALTER TABLE {table}_p{today:%Y%m%d} RESET (autovacuum_enabled)"))


def _chunks(count: int, sender: str = "Wici") -> list[Chunk]:
    content = Content(new_id(), sender, {"text": "Hej"})
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
    claims.take(cursor, ledger, instance, chunks)
    settlement.settle(cursor, ledger, _messages(chunks[0], MessageState.SUBMITTED))
    settlement.settle(cursor, ledger, _messages(chunks[0], MessageState.REJECTED), careful=True)
    settlement.settle(cursor, ledger, _messages(chunks[1], MessageState.UNKNOWN), careful=True)
    receipts.apply(cursor, _receipts(COME), now)
    receipts.apply(cursor, _receipts(1), now)
    receipts.apply(cursor, [each._replace(is_typed=True) for each in _receipts(COME)], now)
    receipts.apply(cursor, parked_receipts.take(cursor), now)
    claims.take_abandoned(cursor, new_id(), 20)
    claims.settled_states(cursor, [str(new_id()) for _ in range(100)])
    claims.under_way(cursor, new_id(), {str(new_id()): number for number in range(100)})
    claims.delete(cursor, [chunk.claim.claim_id for chunk in chunks if chunk.claim])
    lane_outbox.record(cursor, instance, ledger.source, orjson.loads(b"[]"), [])


def _run_everything_rare(session: Any, cursor: Any) -> None:
    """What is done now and then, or where something is wrong: that must not cost more for all that is there."""
    now, carrier_id = datetime.now(UTC), new_id()
    later = now + overdue.AFTER + timedelta(days=1)
    overdue.end(cursor, now)
    assert overdue.since(cursor)
    assert overdue.end(cursor, later).ended  # the ledger has grown old
    session.execute(text("INSERT INTO overdue_later SELECT message_id, now() FROM ledger ORDER BY 1 DESC LIMIT 1000"))
    overdue.end(cursor, later)
    for instance_id in (new_id(), new_id()):
        carrier_instances.renew(session, instance_id, Report(carrier_id, 100, 0, True, "{}"))
        carrier_instances.leave(session, instance_id, carrier_id, 1.0)
    carrier_instances.states(session, carrier_id)
    carrier_instances.forget_old(session)
    moment = now.timestamp()
    unread_deliveries.write(cursor, [ArrivedUnread(carrier_id, b"x", "broken", moment)])
    unread_deliveries.of_carrier(session, carrier_id, before=None, limit=50)
    unread_deliveries.of_carrier(session, carrier_id, before=new_id(), limit=50)
    unread_deliveries.forget_old(cursor)
    come = [(b"STOP", "48500100"), (b"START", "48500200"), (b"7300 STOP", "48500300"), (b"Tak", "7300")]
    answers.take(
        cursor, [ArrivedInbound(carrier_id, "48600100200", number, 0, 0, said, moment) for said, number in come * 100]
    )
    for wanted in (inbound_sms.Wanted(), inbound_sms.Wanted(phone="48600100200"), inbound_sms.Wanted(since=now)):
        inbound_sms.answers(session, account_id=carrier_id, wanted=wanted, before=new_id(), limit=50)
    inbound_sms.forget_old(cursor)
    inbound_sms.fill_in_texts(cursor)
    last_messages.remember(cursor, _messages(_chunks(1, "+48500000001")[0], MessageState.SUBMITTED))
    last_messages.forget_old(cursor)
    told = _chunks(10)
    stop_sayers.remember(cursor, [(UUID(each.batch.header.account_id), "+48600000007", now) for each in told])
    assert len(stop_sayers.among(cursor, told)) == 10
    stop_sayers.forget_old(cursor)
    unknown_messages.forget_old(cursor, now - receipts.FAR)


@pytest.mark.parametrize("settings", [PLANNER, {}], ids=["as set", "settings lost"])
def test_what_is_rare_costs_no_more_for_ten_million_rows(
    full_beside: None, database_url: Any, settings: dict[str, str]
) -> None:
    outbound = Database(make_engine(database_url("sms_gateway"), pool_size=1, settings=settings))
    with outbound.transaction() as session:
        cursor = Explained(cursor_of(session))
        event.listen(
            outbound.engine,
            "before_cursor_execute",
            lambda _, __, statement, bound, *___: cursor.look(statement, bound),
        )
        _run_everything_rare(session, cursor)
        session.rollback()
    outbound.dispose()

    assert len(cursor.costs) >= 20
    assert cursor.scanned == {}
    assert {statement: cost for statement, cost in cursor.costs.items() if cost > READS_ALL} == {}


@pytest.fixture
def senders(database: Database) -> UUID:
    """An account with a thousand of the two thousand sender IDs that there are."""
    account_id = new_id()
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO sender_ids (id, account_id, sender, sender_key, state)"
                " SELECT gen_random_uuid(), CASE WHEN i % 2 = 0 THEN :account ELSE gen_random_uuid() END,"
                " '+48500' || i, '+48500' || i, 'active' FROM generate_series(1, 2000) i"
            ),
            {"account": account_id},
        )
    with as_administrator(database) as session:
        session.execute(text("ANALYZE sender_ids"))
    return account_id


def test_messages_from_phones_are_found_by_number_and_forgotten_with_their_account_in_one_pass(
    full_beside: None, senders: UUID, database: Database
) -> None:
    her: dict[str, Any] = {"account_id": senders, "addresses": ["+486001"]}
    with database.transaction() as session:
        cursor = Explained(cursor_of(session))
        listen = "before_cursor_execute", lambda _, __, statement, bound, *___: cursor.look(statement, bound)
        event.listen(database.engine, *listen)
        try:
            inbound_sms.page(session, **her, before=UUID(int=2**128 - 1), limit=50)
            inbound_sms.count(session, **her, until=datetime.now(UTC))
            inbound_sms.forget(session, **her, until=datetime.now(UTC))
            by_person, cursor.costs = cursor.costs, {}
            assert cursor.scanned == {}
            inbound_sms.erase_account(session, senders)
            left = session.scalars(text("SELECT DISTINCT destination FROM inbound_sms")).all()
        finally:
            event.remove(database.engine, *listen)
        session.rollback()

    assert len(by_person) == 3 and max(by_person.values()) < READS_ALL
    # A look at the senders for each of the ten million would cost a hundred times as much.
    by_answer, cost = [cost for statement, cost in cursor.costs.items() if statement.startswith("DELETE")]
    assert by_answer < READS_ALL
    assert cost < ROWS * 0.1
    assert sorted(left) == sorted(f"48500{number}" for number in range(1, 3001) if number % 2 or number > 2000)


@pytest.mark.parametrize("settings", [PLANNER, {}], ids=["as set", "settings lost"])
@pytest.mark.parametrize("kind", ["whole", "final"])
def test_the_sweep_ends_what_is_overdue_and_looks_at_nothing_else(
    new_day: Callable[[str], list[Arrived]], database_url: Any, kind: str, settings: dict[str, str]
) -> None:
    come = new_day(kind)[: COME // 10]
    overdue_ids = [each.carrier_message_id for each in come]
    outbound = Database(make_engine(database_url("sms_gateway"), pool_size=1, settings=settings))
    with outbound.transaction() as session:
        session.execute(
            text("UPDATE ledger SET state = 'delivered' WHERE NOT carrier_message_id = ANY(:ids)"), {"ids": overdue_ids}
        )
        cursor = Measured(cursor_of(session))
        swept = overdue.end(cursor, datetime.now(UTC) + overdue.AFTER + timedelta(hours=1))
        session.rollback()
    outbound.dispose()

    assert {event["message_id"] for event in swept.events} == set(overdue_ids)
    assert swept.ended == {(come[0].carrier_id, "expired"): len(overdue_ids)}
    read = max(rows for statement, rows in cursor.looked_at.items() if "FROM ledger\nWHERE" in statement)
    assert read <= 3 * COME + 1
    rest = {each: rows for each, rows in cursor.looked_at.items() if "FROM ledger\nWHERE" not in each}
    assert {statement: rows for statement, rows in rest.items() if rows > 6 * len(overdue_ids)} == {}


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


@pytest.mark.parametrize("settings", [PLANNER, {}], ids=["as set", "settings lost"])
@pytest.mark.parametrize("kind", ["whole", "parts", "final"])
@pytest.mark.parametrize("is_typed", [False, True])
def test_a_receipt_costs_a_few_rows_whatever_the_planner_knows_of_its_day(
    new_day: Callable[[str], list[Arrived]], database_url: Any, kind: str, settings: dict[str, str], is_typed: bool
) -> None:
    come = [each._replace(is_typed=is_typed) for each in new_day(kind)]
    outbound = Database(make_engine(database_url("sms_gateway"), pool_size=1, settings=settings))
    with outbound.transaction() as session:
        cursor = Measured(cursor_of(session))
        now = datetime.now(UTC)
        events = receipts.apply(cursor, come, now)
        repeated = receipts.apply(cursor, come, now)
        receipts.apply(cursor, _receipts(COME), now)
        session.execute(text("UPDATE parked_receipts SET next_at = now()"))
        receipts.apply(cursor, parked_receipts.take(cursor), now)
        session.rollback()
    outbound.dispose()

    assert (len(events), repeated) == (COME, [])
    assert len(cursor.looked_at) > 3
    assert {statement: rows for statement, rows in cursor.looked_at.items() if rows > 6 * COME} == {}


@pytest.mark.parametrize("settings", [PLANNER, {}], ids=["as set", "settings lost"])
def test_what_is_due_costs_a_few_rows_however_much_waits(
    database: Database, database_url: Any, settings: dict[str, str]
) -> None:
    with as_administrator(database) as session:
        session.execute(text("TRUNCATE retries, claims, parked_receipts"))
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO retries (message_id, account_id, due_at, attempts, reason, body)"
                " SELECT gen_random_uuid(), gen_random_uuid(), now() + interval '1 hour' * (i % 2), 1, 'no_carrier',"
                " '{}' FROM generate_series(1, 3000) i"
            )
        )
    outbound = Database(make_engine(database_url("sms_gateway"), pool_size=1, settings=settings))
    with outbound.transaction() as session:
        cursor = Measured(cursor_of(session))
        due = retries.take_due(cursor, retries.due(cursor, 500)[0])
        retries.pull_forward(cursor, "no_carrier", 500)
        session.rollback()
    outbound.dispose()

    assert len(due) == 500
    assert {statement: rows for statement, rows in cursor.looked_at.items() if rows > 5_000} == {}


@pytest.mark.parametrize("settings", [PLANNER, {}], ids=["as set", "settings lost"])
@pytest.mark.parametrize("has_statistics", [True, False])
def test_what_waits_of_one_campaign_or_account_is_found_without_the_others(
    database: Database, database_url: Any, settings: dict[str, str], has_statistics: bool
) -> None:
    account, campaign = new_id(), new_id()
    with as_administrator(database) as session:
        session.execute(text("TRUNCATE retries, claims, parked_receipts"))
        session.execute(
            text(
                "INSERT INTO retries (message_id, account_id, campaign_id, due_at, attempts, reason, body)"
                " SELECT gen_random_uuid(), CASE WHEN i > 20 THEN gen_random_uuid() ELSE :account END,"
                " CASE WHEN i > 10 THEN gen_random_uuid() ELSE :campaign END, now() + interval '1 hour', 1,"
                " 'campaign.paused', '{}' FROM generate_series(1, 50000) i"
            ),
            {"account": account, "campaign": campaign},
        )
        if has_statistics:
            session.execute(text("ANALYZE retries"))
    outbound = Database(make_engine(database_url("sms_gateway"), pool_size=1, settings=settings))
    with outbound.transaction() as session:
        cursor = Measured(cursor_of(session))
        assert retries.pull_forward_of(cursor, account, campaign, "campaign.paused") == 10
        assert retries.pull_forward_of(cursor, account, None, "campaign.paused") == 10
        session.rollback()
    outbound.dispose()

    assert {statement: rows for statement, rows in cursor.looked_at.items() if rows > 200} == {}
