"""The outbound process with a carrier: every message accounted for, whatever happens."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text

from channel import campaign_counts
from chassis.database import Database
from chassis.testing import wait_until
from contracts.ids import first_id_at
from sms_gateway.content import parts
from sms_gateway.service.messages import Messages
from sms_gateway.store import receipts


def phones(count: int, start: int = 0) -> list[str]:
    return [f"+48600{number:06d}" for number in range(start, start + count)]


def ledger(database: Database) -> dict[str, str]:
    with database.transaction() as session:
        return {row[0]: row[1] for row in session.execute(text("SELECT address, state FROM ledger"))}


def left_over(database: Database) -> dict[str, int]:
    with database.transaction() as session:
        return {
            table: session.scalar(text(f"SELECT count(*) FROM {table}")) or 0
            for table in ("claims", "retries", "parked_receipts", "unknown_messages")
        }


def test_ledger_events_and_carrier_agree_message_by_message(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(rejected_share=0.02, undelivered_share=0.03, expired_share=0.05)
    carrier(simulator)
    content = campaign.content("Czesc {{ first_name }}")
    campaign.publish(campaign.batches(content, phones(2000)))
    outbound()

    states = campaign.wait_final(2000)

    truth = {message["to"]: message["state"] for message in simulator.messages()}
    assert len(simulator.messages()) == 2000
    assert ledger(database) == truth
    assert {campaign.message_id(number): truth[phone] for number, phone in enumerate(phones(2000), 1)} == states
    assert Counter(truth.values()) == {"rejected": 40, "undelivered": 60, "expired": 100, "delivered": 1800}
    assert sorted(done["submitted"] + done["failed"] for done in campaign.done) == [500] * 4
    assert sum(done["failed"] for done in campaign.done) == 40
    wait_until(lambda: not any(left_over(database).values()), what="nothing left over")
    assert {message["text"] for message in simulator.messages()} == {"Czesc Ola"}


def test_kill_9_loses_nothing_and_repeats_nothing(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(undelivered_share=0.1, response_delay=0.05)
    carrier(simulator, window=50)
    content = campaign.content("Hej {{ first_name }}")
    campaign.publish(campaign.batches(content, phones(6000)))
    first = outbound(SMS_CLAIM_AHEAD="300", SMS_UNMATCHED_AFTER="2")
    wait_until(lambda: simulator.get("/counts")["submitted"] > 1500, what="the middle of the campaign")
    first.kill()
    first.start().wait_ready()

    wait_until(lambda: len(ledger(database)) == 6000, timeout=60, what="6000 in the ledger")
    wait_until(lambda: simulator.get("/counts")["receipts_waiting"] == 0, timeout=30, what="all receipts taken")
    wait_until(lambda: not left_over(database)["parked_receipts"], timeout=40, what="no receipt parked")

    received = Counter(message["to"] for message in simulator.messages())
    truth = {message["to"]: message["state"] for message in simulator.messages()}
    states = ledger(database)
    assert max(received.values()) == 1, "a bulk message was sent twice"
    # What the carrier has is final; what it never got is unknown, and no more than was claimed ahead or in flight.
    assert {phone: states[phone] for phone in truth} == truth
    never_sent = set(states) - set(truth)
    assert {states[phone] for phone in never_sent} <= {"unknown"}
    assert len(never_sent) <= 300 + 200
    wait_until(lambda: len({done["batch_id"] for done in campaign.done}) == 12, what="every batch done")
    told = campaign.states()
    assert {campaign.message_id(n): states[phone] for n, phone in enumerate(phones(6000), 1)} == told


def test_a_redelivered_batch_is_sent_once(smsc: Any, carrier: Any, outbound: Any, campaign: Any) -> None:
    simulator = smsc()
    carrier(simulator)
    batches = campaign.batches(campaign.content("Hej"), phones(400))
    outbound()
    campaign.publish(batches + batches)
    campaign.wait_final(400)
    campaign.publish(batches)

    wait_until(lambda: len(campaign.done) >= 3, what="the batch done three times")
    assert Counter(message["to"] for message in simulator.messages()) == Counter(phones(400))
    assert all(done["submitted"] == 400 for done in campaign.done)


def test_receipts_before_their_answers_are_not_lost(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(receipts_first=True, response_delay=0.3, undelivered_share=0.5)
    carrier(simulator)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(1000)))

    campaign.wait_final(1000)

    assert ledger(database) == {message["to"]: message["state"] for message in simulator.messages()}


def test_two_processes_lose_no_receipt(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """A receipt may come to the outbound process that did not send the message, before the other has settled it."""
    simulator = smsc(receipt_delay=0.0, undelivered_share=0.1)
    carrier(simulator)
    outbound(SMS_COMMIT_LINGER="0.05")
    outbound(SMS_COMMIT_LINGER="0.01")
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(4000), size=200))
    campaign.publish(campaign.batches(campaign.content("Hej " * 50), phones(1000, 5000), first=5001, size=200))

    campaign.wait_final(5000, timeout=60)

    assert ledger(database) == {message["to"]: message["state"] for message in simulator.get("/whole")["items"]}
    wait_until(lambda: not any(left_over(database).values()), what="nothing left over")


def test_a_long_message_is_delivered_only_when_all_parts_are(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(undelivered_share=0.5)
    carrier(simulator)
    outbound()
    long_text = "Zażółć gęślą jaźń. " * 10
    campaign.publish(campaign.batches(campaign.content(long_text), phones(100, 450)))

    campaign.wait_final(100)

    whole = simulator.get("/whole")["items"]
    assert len(whole) == 100
    assert {(message["text"], message["complete"], message["parts"]) for message in whole} == {
        (long_text, True, parts.count(long_text).parts)
    }
    assert ledger(database) == {message["to"]: message["state"] for message in whole}


def test_the_parts_that_the_carrier_took_are_counted_whatever_it_says_later(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """Rejected are refused by the carrier and cost nothing; what expires by a receipt was sent, and is billed."""
    simulator = smsc(rejected_share=0.1, undelivered_share=0.1, expired_share=0.3, receipt_delay=0.0)
    carrier(simulator)
    short, long = campaign.content("Hej {{ first_name }}"), campaign.content("Zażółć gęślą jaźń. " * 10)
    campaign.publish(campaign.batches(short, phones(700)))
    campaign.publish(campaign.batches(long, phones(700, 1000), first=701))
    outbound()
    counted = []

    def count() -> Any:
        with database.transaction() as session:
            counts = campaign_counts.count_campaign(
                session, actor={"account_id": str(campaign.account_id)}, now=datetime.now(UTC),
                campaign_id=campaign.campaign_id, send_id=campaign.send_id, recipients=1400, deferred=None,
                columns=Messages.ledger_columns,
            )  # fmt: skip
        counted.append((counts["submitted"], counts["failed"], counts["units"]))
        return counted[-1]

    wait_until(lambda: sum(done["submitted"] + done["failed"] for done in campaign.done) == 1400, what="reports")
    count()
    campaign.wait_final(1400)
    count()

    took = [message for message in simulator.messages() if message["state"] != "rejected"]
    submitted, failed = (sum(done[name] for done in campaign.done) for name in ("submitted", "failed"))
    assert counted == [(submitted, failed, len(took))] * 2
    assert (failed, len(took)) == (200, 600 + 600 * parts.count("Zażółć gęślą jaźń. " * 10).parts)


def test_throttled_messages_wait_in_the_schedule_and_all_arrive(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(throttle_every=20)
    carrier(simulator)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(300)))

    campaign.wait_final(300, timeout=60)

    assert simulator.get("/counts")["throttled"] > 0
    assert sum(done["deferred"] for done in campaign.done) > 0
    assert Counter(message["to"] for message in simulator.messages()) == Counter(phones(300))
    assert set(ledger(database).values()) == {"delivered"}


def test_a_dead_carrier_blocks_no_code_of_another_and_loses_nothing(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    living, dead = smsc(), smsc()
    dead.stop()
    carrier(living, prefix="+48600")
    carrier(dead, prefix="+49")
    outbound()
    content = campaign.content("Hej")
    germans = [f"+4960000{number:04d}" for number in range(1000)]
    campaign.publish(campaign.batches(content, germans))
    campaign.publish(campaign.batches(content, phones(1), first=5000), lane="otp")

    wait_until(lambda: living.get("/counts")["submitted"] == 1, timeout=5, what="the code")
    wait_until(lambda: left_over(database)["retries"] == 1000, what="the rest in the schedule")
    assert all(done["deferred"] == 500 for done in campaign.done if done["deferred"])


def recipients(simulator: Any) -> list[str]:
    """In the order in which the carrier took them."""
    return [message["to"] for message in simulator.messages()]


def test_a_code_overtakes_a_campaign(smsc: Any, carrier: Any, outbound: Any, campaign: Any) -> None:
    simulator = smsc(response_delay=0.05)
    carrier(simulator, window=20, binds=1)  # 400 messages a second: the campaign takes ten
    content = campaign.content("Hej")
    outbound()
    campaign.publish(campaign.batches(content, phones(4000)))
    wait_until(lambda: simulator.get("/counts")["submitted"] > 100, what="the campaign under way")
    before = simulator.get("/counts")["submitted"]
    campaign.publish(campaign.batches(content, ["+48700000500"], first=9000), lane="otp")

    wait_until(lambda: "+48700000500" in recipients(simulator), what="the code")
    assert recipients(simulator).index("+48700000500") - before < 1_000  # of four thousand; what two seconds take
    assert simulator.get("/counts")["submitted"] < 3000


def test_a_window_of_one_carries_a_campaign_and_a_code_before_it(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any
) -> None:
    simulator = smsc(response_delay=0.02)
    carrier(simulator, window=1, binds=1)
    content = campaign.content("Hej")
    outbound()
    campaign.publish(campaign.batches(content, phones(200)))
    wait_until(lambda: simulator.get("/counts")["submitted"] > 10, what="the campaign under way")
    campaign.publish(campaign.batches(content, ["+48700000500"], first=9000), lane="otp")

    campaign.wait_final(201)

    sent = [message["to"] for message in simulator.messages()]
    assert Counter(sent) == Counter([*phones(200), "+48700000500"])
    assert sent.index("+48700000500") < 150


def test_a_clean_stop_leaves_nothing_unknown(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(response_delay=0.02)
    carrier(simulator, window=50)
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(5000)))
    process = outbound()
    wait_until(lambda: simulator.get("/counts")["submitted"] > 1000, what="the middle of the campaign")
    assert process.stop() == 0
    assert left_over(database)["claims"] == 0
    process.start().wait_ready()

    campaign.wait_final(5000, timeout=60)
    assert Counter(message["to"] for message in simulator.messages()) == Counter(phones(5000))
    assert set(ledger(database).values()) == {"delivered"}


def test_cut_connections_to_database_and_broker_lose_and_repeat_nothing(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database, amqp_url: str
) -> None:
    simulator = smsc(undelivered_share=0.1, response_delay=0.02)
    carrier(simulator, window=50)
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(6000)))
    outbound()
    for reached in (500, 1500, 2500, 3500):
        wait_until(lambda reached=reached: simulator.get("/counts")["submitted"] > reached, what="progress")
        cut_database(database)
        if reached in (1500, 3500):
            cut_broker(amqp_url)

    campaign.wait_final(6000, timeout=60)

    truth = {message["to"]: message["state"] for message in simulator.messages()}
    assert Counter(message["to"] for message in simulator.messages()) == Counter(phones(6000))
    assert ledger(database) == truth
    wait_until(lambda: len({done["batch_id"] for done in campaign.done}) == 12, what="every batch done")
    wait_until(lambda: not any(left_over(database).values()), what="nothing left over")


def cut_database(database: Database) -> None:
    """End every connection of the outbound process at once, in the middle of whatever it does."""
    with database.transaction() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name LIKE 'sms_gateway.%' AND pid <> pg_backend_pid()"
            )
        )


def cut_broker(amqp_url: str) -> None:
    command = shlex.split(os.environ.get("WICI_TEST_RABBITMQCTL", "rabbitmqctl"))
    vhost = amqp_url.rsplit("/", 1)[1]
    subprocess.run(
        [*command, "close_all_connections", "--vhost", vhost, "test"], check=True, timeout=30, capture_output=True
    )


def test_a_batch_that_is_none_is_parked_and_the_next_goes_on(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any
) -> None:
    simulator = smsc()
    carrier(simulator)
    outbound()
    content = campaign.content("Hej")
    (good,) = campaign.batches(content, phones(10))
    batch = orjson.loads(good)
    broken = [
        b"no json",
        b"[]",
        orjson.dumps({**batch, "send_id": "no id"}),
        orjson.dumps({**batch, "recipients": [{**batch["recipients"][0], "address": "+48\x00"}]}),
        orjson.dumps({**batch, "recipients": [{**batch["recipients"][0], "number": -1}]}),
        orjson.dumps({**batch, "recipients": [{**batch["recipients"][0], "contact_id": "x"}]}),
        orjson.dumps({**batch, "recipients": batch["recipients"][:1] * 2}),
    ]
    campaign.publish([*broken, good])

    assert set(campaign.wait_final(10).values()) == {"delivered"}
    assert simulator.get("/counts")["submitted"] == 10


def test_a_batch_whose_content_is_not_kept_is_rejected_and_counted(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any
) -> None:
    simulator = smsc()
    carrier(simulator)
    outbound()
    (batch,) = campaign.batches("0" * 64, phones(10))
    campaign.publish([batch])

    assert set(campaign.wait_final(10).values()) == {"rejected"}
    wait_until(lambda: sum(done["failed"] for done in campaign.done) == 10, what="the batch is told to campaigns")
    assert simulator.get("/counts")["submitted"] == 0


def test_an_impossible_address_is_rejected_and_counted(smsc: Any, carrier: Any, outbound: Any, campaign: Any) -> None:
    carrier(smsc())
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), ["600100200", "+48600100500", "x"]))

    campaign.wait_final(3)

    wait_until(lambda: campaign.done, what="the batch done")
    assert (campaign.done[0]["submitted"], campaign.done[0]["failed"]) == (1, 2)


def test_a_carrier_that_comes_back_gets_what_waited_for_it(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc()
    carrier_id = carrier(simulator)
    with database.transaction() as session:
        session.execute(text("UPDATE carriers SET port = 1, version = 2 WHERE id = :id"), {"id": carrier_id})
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(700)))
    wait_until(lambda: left_over(database)["retries"] == 700, what="all in the schedule")

    with database.transaction() as session:
        session.execute(
            text("UPDATE carriers SET port = :port, version = 3 WHERE id = :id"),
            {"id": carrier_id, "port": simulator.port},
        )

    campaign.wait_final(700, timeout=15)
    assert Counter(message["to"] for message in simulator.messages()) == Counter(phones(700))


def test_a_message_without_an_answer_waits_as_long_as_a_receipt_may_come(outbound: Any, database: Database) -> None:
    oldest = datetime.now(UTC) - receipts.FAR
    old, young = first_id_at(oldest - timedelta(minutes=1)), first_id_at(oldest + timedelta(minutes=30))
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO unknown_messages (message_id, address, parts_left)"
                " SELECT id, '+48600100200', 1 FROM unnest(:ids) AS i(id)"
            ),
            {"ids": [old, young]},
        )
    outbound()

    def waiting() -> list[Any]:
        with database.transaction() as session:
            return list(session.scalars(text("SELECT message_id FROM unknown_messages")))

    wait_until(lambda: waiting() == [young], what="the old one forgotten")


def test_a_carrier_is_given_its_parameters_with_each_message(
    raw: Any, carrier: Any, outbound: Any, campaign: Any
) -> None:
    smsc = raw(lambda carrier, pdu, writer: carrier.answer(pdu, writer))
    carrier(smsc, parameters={"0x1400": "5045", "0x1401": None})
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(1)))
    wait_until(smsc.carrier.submits, what="the message")
    assert smsc.carrier.submits()[0].tlvs == {0x1400: b"PE"}
