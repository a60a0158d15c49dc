"""Carriers that answer errors, or nothing, beside one that is well; and the end of the process in the middle of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from raw_carrier import Carrier, answer_to
from sqlalchemy import text

from chassis.database import Database
from chassis.testing import wait_until
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Status


def is_ill(carrier: Carrier, pdu: smpp.Pdu, writer: asyncio.StreamWriter) -> None:
    carrier.answer(pdu, writer, Status.SYSTEM_ERROR)


def says_nothing(carrier: Carrier, pdu: smpp.Pdu, writer: asyncio.StreamWriter) -> None:
    """Takes it and forgets to answer."""


def phones(count: int, start: int = 0) -> list[str]:
    return [f"+48600{number:06d}" for number in range(start, start + count)]


def ledger(database: Database) -> dict[str, str]:
    with database.transaction() as session:
        return {row[0]: row[1] for row in session.execute(text("SELECT address, state FROM ledger"))}


def count_of(database: Database, table: str) -> int:
    with database.transaction() as session:
        return session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def test_a_carrier_that_answers_errors_loses_its_traffic_to_the_second(
    raw: Any, smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    ill, well = raw(is_ill), smsc()
    carrier(ill, priority=1)
    carrier(well, priority=2)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(1000)))

    campaign.wait_final(1000, timeout=60)

    assert Counter(message["to"] for message in well.messages()) == Counter(phones(1000))
    assert len(ill.carrier.submits()) < 500
    assert set(ledger(database).values()) == {"delivered"}


def number_of_part(pdu: smpp.Pdu) -> int:
    octets = pdu.fields["short_message"]
    assert isinstance(octets, bytes)
    return octets[5]


def test_a_long_message_that_has_left_in_part_is_not_sent_anew_by_another(
    raw: Any, smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """The first two messages meet errors, but for the second's last part; the third is under way in part, and the rest
    of it waits, while the circuit opens."""
    taken: list[tuple[str, int]] = []
    held: list[tuple[smpp.Pdu, asyncio.StreamWriter]] = []

    def take(carrier: Carrier, pdu: smpp.Pdu, writer: asyncio.StreamWriter) -> None:
        taken.append((f"+{pdu.fields['destination_addr']}", number_of_part(pdu)))
        carrier.answer(pdu, writer)

    def is_ill_at_first(carrier: Carrier, pdu: smpp.Pdu, writer: asyncio.StreamWriter) -> None:
        if len(carrier.submits()) > 7:
            take(carrier, pdu, writer)
            return
        held.append((pdu, writer))
        if len(held) == 7:
            writer.write(b"".join(answer_to(each, Status.SYSTEM_ERROR) for each, _ in held[:5]))
            for late in held[5:]:
                asyncio.get_running_loop().call_later(0.5, take, carrier, *late)

    ill, well = raw(is_ill_at_first), smsc()
    carrier(ill, priority=1, window=8, binds=1)
    carrier(well, priority=2)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej " * 100), phones(10)))

    def all_are_taken() -> bool:
        states = ledger(database)
        return len(states) == 10 and set(states.values()) <= {"submitted", "delivered"}

    wait_until(all_are_taken, timeout=40, what="all at a carrier")
    by_ill, by_well = Counter(taken), Counter(each["to"] for each in well.messages())
    first, second, third, *_ = phones(10)
    assert Counter(address for address, _ in by_ill) + by_well == dict.fromkeys(phones(10), 3)
    assert by_ill >= Counter((address, part) for address in (second, third) for part in (1, 2, 3))
    assert by_well[first] == 3


@pytest.mark.parametrize("is_silent", [False, True])
def test_a_code_that_its_carrier_does_not_take_leaves_by_another_at_once(
    raw: Any, smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database, is_silent: bool
) -> None:
    ill, well = raw(says_nothing if is_silent else is_ill), smsc()
    carrier(ill, priority=1, response_timeout=1)
    carrier(well, priority=2)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Kod 1"), phones(1)), lane="otp")

    campaign.wait_final(1)

    assert len(ill.carrier.submits()) == 1
    assert [message["to"] for message in well.messages()] == phones(1)
    # It waited in no schedule: nobody was told of a deferral.
    assert "deferred" not in {event["kind"] for event in campaign.events}
    assert sum(done["submitted"] for done in campaign.done) == 1


def test_a_campaign_at_a_silent_carrier_is_unknown_and_ends(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    silent = raw(says_nothing)
    carrier(silent, response_timeout=1, window=50, binds=1)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(40)))

    wait_until(lambda: sum(done["submitted"] for done in campaign.done) == 40, timeout=20, what="the batch done")

    assert set(ledger(database).values()) == {"unknown"}
    assert len(silent.carrier.submits()) == 40


def test_a_part_that_is_not_taken_is_tried_again_ever_more_slowly(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    def takes_the_second_part_at_the_fourth_time(carrier: Carrier, pdu: smpp.Pdu, writer: asyncio.StreamWriter) -> None:
        times = sum(each.fields["short_message"] == pdu.fields["short_message"] for each in carrier.submits())
        is_taken = number_of_part(pdu) != 2 or times >= 4
        carrier.answer(pdu, writer, 0 if is_taken else Status.MESSAGE_QUEUE_FULL)

    target = raw(takes_the_second_part_at_the_fourth_time)
    carrier(target)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej " * 60), phones(1)))

    # One and two seconds lie between the first three tries; what was tried in a hot loop would be there at once.
    wait_until(lambda: len(target.carrier.submits()) == 3, what="the second part's second try")
    wait_until(lambda: ledger(database) == {phones(1)[0]: "submitted"}, timeout=20, what="the message at the carrier")
    assert len(target.carrier.submits()) == 5


def test_a_stop_gives_back_what_has_not_left_and_nothing_takes_the_schedule(
    raw: Any, smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    slow = smsc(response_delay=0.1)
    carrier(slow, window=10, binds=1)
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(4000)))
    campaign.publish(campaign.batches(campaign.content("Raz"), phones(20, 5000), first=5001), lane="transactional")
    process = outbound()
    wait_until(lambda: slow.get("/counts")["submitted"] > 50, what="the beginning of the campaign")

    assert process.stop() == 0

    assert count_of(database, "claims") == count_of(database, "retries") == 0
    left = slow.get("/counts")["submitted"]
    assert left < 1000 and len(ledger(database)) == left
    assert "unknown" not in ledger(database).values()
    slow.change(response_delay=0.0)
    process.start().wait_ready()
    campaign.wait_final(4020, timeout=60)
    assert Counter(message["to"] for message in slow.messages()) == Counter(phones(4000) + phones(20, 5000))
    assert "deferred" not in {event["kind"] for event in campaign.events}
