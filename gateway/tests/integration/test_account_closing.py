"""An account that is closed leaves no answers behind, and its links end."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pika
import pytest
from sqlalchemy import text

from api_gateway import store
from api_gateway.account_closing import QUEUE, AccountClosing
from api_gateway.event_handling import log
from chassis.testing import as_administrator, truncate, wait_until
from contracts.events import ACCOUNT_CLOSED


@pytest.fixture
def database(open_database):
    opened = open_database("api_gateway")
    truncate(opened)
    yield opened


@pytest.fixture
def closing(broker, database):
    stop = threading.Event()
    thread = threading.Thread(target=AccountClosing(broker, database).run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


def test_the_answers_of_a_closed_account_go_and_no_others(closing, broker, database, amqp_url, monkeypatch):
    failed = []
    monkeypatch.setattr(log, "warning", lambda event, **fields: failed.append(event))
    closed, open_ = uuid4(), uuid4()
    with database.transaction() as session:
        for account_id in (closed, open_):
            session.execute(
                text(
                    "INSERT INTO idempotent_requests (account_id, key, fingerprint, request_key, lock_id, locked_until,"
                    " status, headers, body) VALUES (:id, 'k', '', gen_random_uuid(), gen_random_uuid(), now(), 201,"
                    " '{}', 'ala@poczta.example')"
                ),
                {"id": account_id},
            )
    with as_administrator(database) as session:  # away for a moment
        session.execute(text("ALTER TABLE idempotent_requests RENAME TO away"))
    event = {"event_id": uuid4(), "occurred_at": "2026-11-24T08:00:00+00:00", "account_id": closed}
    broker.publish_event(ACCOUNT_CLOSED, b"{not json").result(5)
    for _ in range(2):
        broker.publish_event(ACCOUNT_CLOSED, orjson.dumps(event)).result(5)

    wait_until(lambda: failed, what="a try that fails")
    with as_administrator(database) as session:
        session.execute(text("ALTER TABLE away RENAME TO idempotent_requests"))

    def left():
        with database.transaction() as session:
            return session.scalars(text("SELECT account_id FROM idempotent_requests")).all()

    wait_until(lambda: left() == [open_], what="the erasure")
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    wait_until(lambda: connection.channel().basic_get(f"dead.{QUEUE}", auto_ack=True)[2] == b"{not json")
    connection.close()
    with database.transaction() as session:
        assert store.ended_accounts(session) == {closed}
        store.forget_ended_accounts(session, before=datetime.now(UTC) + timedelta(seconds=1))
        assert store.ended_accounts(session) == frozenset()
