"""A ledger that was put back knows nothing of what has left: in quarantine nobody gets it again, and the rest goes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from channel import quarantine
from channel.batches import Header
from chassis.database import Database, cursor_of
from chassis.testing import as_administrator, wait_until
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Arrived
from sms_gateway.store import parked_receipts, receipts

from .test_outbound import left_over, phones

PEOPLE = 600
FORGOTTEN = "ledger, ledger_parts, claims, retries, unknown_messages, parked_receipts, lane_outbox"


def put_off(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM retries WHERE reason = 'quarantine'")) or 0)


def known(state: str | None) -> quarantine.Known | None:
    return quarantine.Known(state) if state else None


def test_what_has_left_before_the_restore_does_not_leave_again(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(response_delay=0.2)
    carrier(simulator, window=10, binds=2)
    campaign.publish(campaign.batches(campaign.content("Czesc {{ first_name }}"), phones(PEOPLE)))
    before = outbound()
    wait_until(lambda: len(simulator.messages()) > 50, timeout=30, what="the first messages")
    before.stop()
    sent = {message["to"] for message in simulator.messages()}
    wait_until(lambda: len(campaign.states()) >= len(sent), what="the log knows of them")
    with as_administrator(database) as session:
        session.execute(text(f"TRUNCATE {FORGOTTEN}"))
    with database.transaction() as session:
        quarantine.begin(session)

    outbound()
    wait_until(lambda: put_off(database) == PEOPLE, timeout=30, what="everybody put off")
    assert {message["to"] for message in simulator.messages()} == sent
    log = campaign.states()
    with database.transaction() as session:
        (found,) = quarantine.look(session, lambda _account_id, message_id: known(log.get(message_id)))
        assert (found.waiting, len(found.left)) == (PEOPLE, len(sent))
        assert quarantine.settle(session, "sms", found.left) == len(sent)
    with database.transaction() as session:
        quarantine.end(session)

    # `unknown` is who had left and whose receipt the carrier gave before; nobody of the rest is.
    ends = {"delivered", "unknown"}
    wait_until(lambda: set(campaign.states().values()) <= ends, timeout=60, what="everybody's end")
    assert {key for key, state in campaign.states().items() if state == "unknown"} <= found.left.keys()
    wait_until(
        lambda: not left_over(database)["claims"] and not left_over(database)["retries"], what="nothing left over"
    )
    assert Counter(message["to"] for message in simulator.messages()) == dict.fromkeys(phones(PEOPLE), 1)


@pytest.mark.parametrize("told_by", ["log", "receipt"])
def test_a_receipt_mends_what_is_unknown_since_the_restore(
    carrier: Any, campaign: Any, database: Database, told_by: str
) -> None:
    carrier_id = carrier(SimpleNamespace(port=1))
    before = datetime.now(UTC) - timedelta(hours=1)
    header = Header(orjson.loads(campaign.batches(campaign.content("Hej"), phones(1))[0]), Lane.BULK)
    body = {**header.as_json(), "recipients": [{"number": 1, "address": phones(1)[0], "fields": {}}]}
    of = {"id": header.id_of(1), "account": header.account_id, "campaign": header.campaign_id, "address": phones(1)[0]}
    receipt = Arrived(
        carrier_id, "c1", MessageState.DELIVERED, "000", phones(1)[0].lstrip("+"), before.timestamp(), sender="wici",
        submitted_at=before.timestamp(),
    )  # fmt: skip
    now = datetime.now(UTC)
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO ledger (message_id, account_id, campaign_id, address, state, parts, submitted_at)"
                 " VALUES (:id, :account, :campaign, :address, 'deferred', 1, now())"), of,
        )  # fmt: skip
        session.execute(
            text("INSERT INTO retries (message_id, account_id, campaign_id, due_at, attempts, reason, body)"
                 " VALUES (:id, :account, :campaign, now(), 0, 'quarantine', :body)"),
            {**of, "body": orjson.dumps(body)},
        )  # fmt: skip
        if told_by == "receipt":
            parked_receipts.park(cursor_of(session), [receipt], now)
        name = session.scalar(text("SELECT name FROM carriers"))
        log = quarantine.Known("submitted", before, name) if told_by == "log" else None
        (found,) = quarantine.look(session, lambda _account_id, _message_id: log)
        assert quarantine.settle(session, "sms", found.left) == 1
    with database.transaction() as session:
        if told_by == "log":
            parked_receipts.park(cursor_of(session), [receipt], now)
        session.execute(text("UPDATE parked_receipts SET next_at = now()"))
        cursor = cursor_of(session)
        events = receipts.apply(cursor, parked_receipts.take(cursor), now + timedelta(minutes=5))

    assert [(event["message_id"], event["kind"]) for event in events] == [(header.id_of(1), "delivered")]
