"""A ledger that was put back knows nothing of what has left: in quarantine nobody gets it again, and the rest goes."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import text

from channel import quarantine
from chassis.database import Database
from chassis.testing import as_administrator, wait_until

from .test_outbound import left_over, phones

PEOPLE = 600
FORGOTTEN = "ledger, ledger_parts, claims, retries, unknown_messages, parked_receipts, lane_outbox"


def put_off(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM retries WHERE reason = 'quarantine'")) or 0)


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
        (found,) = quarantine.look(session, lambda _account_id, message_id: log.get(message_id))
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
