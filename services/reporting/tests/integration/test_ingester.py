"""The ingester as a process, on the real lane: kill -9, several at once, and bodies that nobody should have sent."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import wait

import orjson
import psycopg
import pytest
from sqlalchemy import text

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database
from chassis.testing import Launcher, as_administrator, wait_until
from contracts.lanes import DELIVERY_EVENTS
from reporting.commands.check import differences

from ..factories import Send, body


def publish(broker: Broker, bodies: list[bytes]) -> None:
    done = wait([broker.publish(DELIVERY_EVENTS, one) for one in bodies], timeout=20)
    assert not done.not_done
    for confirmation in done.done:
        confirmation.result()


def counted(database: Database, send: Send) -> dict[str, int]:
    with database.transaction() as session:
        row = session.execute(
            text("SELECT * FROM counters WHERE scope_id = :campaign AND dimension = 0"), {"campaign": send.campaign_id}
        ).mappings()
        return dict(row.first() or {})


def assert_counters_equal_log(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        assert differences(session) == []


def test_killed_in_the_middle_loses_nothing_and_counts_nothing_twice(
    database: Database, broker: Broker, launch: Launcher
) -> None:
    send, size, batches = Send("sms"), 200, 40
    numbers = [range(start * size, (start + 1) * size) for start in range(batches)]
    first = [body([send.full(number, "submitted") for number in batch]) for batch in numbers]
    final = [body([send.event(number, "delivered", 5.0, code="000") for number in batch]) for batch in numbers]
    few = {"INGESTER_EVENTS_AT_ONCE": "400"}
    ingesters = [launch("reporting.ingester", service="reporting", env=few) for _ in range(2)]

    publish(broker, [one for pair in zip(first, final, strict=True) for one in pair])
    for turn in range(4):
        more = min(counted(database, send).get("messages", 0) + 1, size * batches)
        wait_until(lambda more=more: counted(database, send).get("messages", 0) >= more, timeout=60, what="some more")
        ingesters[turn % 2].kill()
        assert_counters_equal_log(database)
        ingesters[turn % 2].start()

    def ended() -> bool:
        counts = counted(database, send)
        # Receipts may be written before the events that say how many parts their messages have.
        return (counts.get("delivered"), counts.get("parts")) == (size * batches, 2 * size * batches)

    wait_until(ended, timeout=60, what="every delivery")
    assert counted(database, send)["messages"] == counted(database, send)["sent"] == size * batches
    assert_counters_equal_log(database)
    assert [ingester.stop() for ingester in ingesters] == [0, 0]


def test_an_unreadable_event_does_not_take_the_others_with_it(
    database: Database, broker: Broker, launch: Launcher
) -> None:
    send = Send("email")
    good = [send.full(number, "delivered") for number in range(3)]
    odd = {**send.full(3, "delivered"), "detail": "nul \0 inside", "parts": 2**40, "unheard_of": [1]}
    bad = [{}, None, 7, {**good[0], "message_id": "x"}, {**good[0], "kind": "eaten"}, {**good[0], "at": "soon"}]
    launch("reporting.ingester", service="reporting")

    publish(broker, [body([*good, odd, *bad]), b"\xff", b"[]", b'{"events": 3}', body([send.full(4, "delivered")])])

    wait_until(lambda: counted(database, send).get("delivered") == 5, what="the readable events")
    assert_counters_equal_log(database)


REFUSING = """
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW)::text LIKE '%trucizna%' THEN RAISE EXCEPTION USING ERRCODE = '22P02'; END IF;
    RETURN NEW;
END $$
"""


@pytest.fixture
def refusing(database: Database) -> Iterator[None]:
    """A log that takes nothing that holds `trucizna`."""
    with as_administrator(database) as session:
        session.execute(text(REFUSING))
        session.execute(
            text("CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION refuse()")
        )
    yield
    with as_administrator(database) as session:
        session.execute(text("DROP FUNCTION refuse() CASCADE"))


def test_an_event_that_the_database_refuses_is_parked_alone(
    database: Database, broker: Broker, launch: Launcher, refusing: None
) -> None:
    send, parked = Send("email"), queue.SimpleQueue[Delivery]()
    poisoned = {**send.full(7, "delivered"), "detail": "trucizna"}
    broker.consume(f"dead.{DELIVERY_EVENTS}", parked.put)
    launch("reporting.ingester", service="reporting")

    publish(
        broker, [body([*(send.full(number, "delivered") for number in range(7)), poisoned, send.full(8, "submitted")])]
    )

    wait_until(lambda: counted(database, send).get("messages") == 8, what="the other events")
    while b"trucizna" not in (found := parked.get(timeout=20).body):
        pass  # of an earlier test
    assert len(orjson.loads(found)["events"]) == 1
    assert_counters_equal_log(database)


def test_upper_case_ids_name_the_same_message(database: Database, broker: Broker, launch: Launcher) -> None:
    send = Send("email")
    same = {**send.full(0, "delivered"), "message_id": send.message_id(0).upper()}
    launch("reporting.ingester", service="reporting")

    publish(broker, [body([send.full(0, "submitted"), same])])

    wait_until(lambda: counted(database, send).get("delivered") == 1, what="the delivery")
    assert counted(database, send)["messages"] == 1


def test_waits_for_a_database_that_is_away(
    database: Database, database_url: Callable[[str], str], broker: Broker, launch: Launcher
) -> None:
    send = Send("email")
    launch("reporting.ingester", service="reporting")
    with psycopg.connect(database_url("reporting"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reporting.ingester'"
        )

        publish(broker, [body([send.full(0, "delivered")])])

        wait_until(lambda: counted(database, send).get("delivered") == 1, what="the delivery")


@pytest.mark.parametrize("kind", ["delivered", "opened"])
def test_events_of_a_closed_account_are_left_out(
    database: Database, broker: Broker, launch: Launcher, kind: str
) -> None:
    closed, open_ = Send("email"), Send("email")
    with database.transaction() as session:
        session.execute(text("INSERT INTO closed_accounts VALUES (:account)"), {"account": closed.account_id})
    launch("reporting.ingester", service="reporting")

    publish(broker, [body([closed.event(0, kind, event_id="1"), open_.full(0, "delivered")])])

    wait_until(lambda: counted(database, open_).get("delivered") == 1, what="the delivery")
    assert counted(database, closed) == {}
