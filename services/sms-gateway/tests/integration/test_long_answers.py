"""Long messages from phones: several processes take the parts, and the account has one message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from phones import NUMBER, PHONE, answer, deliver, owned, recorded, rows, sent

from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts import events
from sms_gateway.content.delivered import delivered_text
from sms_gateway.store import answers, inbound_parts, inbound_sms

SAID = ["Dzień dobry, chciałbym ", "zamówić dwie sztuki, ", "proszę o odpowiedź."]


def header(number: int, *, reference: int = 7, total: int = 3) -> bytes:
    return bytes((5, 0, 3, reference, total, number))


def part(number: int, text: str = "", **more: Any) -> dict[str, Any]:
    """`phones.deliver`'s fields of one part."""
    body = header(number, **more) + (text or SAID[number - 1]).encode("utf-16-be")
    return {"body": body, "esm_class": 0x40, "data_coding": 8}


def arrive(database: Database, number: int, text: str, **more: Any) -> None:
    answer(database, text, esm_class=0x40, header=header(number, **more))


def pass_time(database: Database) -> None:
    rows(database, "UPDATE inbound_parts SET received_at = received_at - interval '301 seconds' RETURNING 1")


def join(database: Database) -> list[Any]:
    with database.transaction() as session:
        return answers.take_joined(cursor_of(session))


def kept(database: Database) -> list[Any]:
    found = rows(database, "SELECT octets, data_coding, esm_class, parts, missing_parts FROM inbound_sms ORDER BY id")
    return [(delivered_text(bytes(octets), *how), total, missing) for octets, *how, total, missing in found]


def test_two_processes_take_the_parts_out_of_order_and_doubled_and_the_account_has_one_message(
    raw: Any, carrier: Any, outbound: Any, database: Database
) -> None:
    target = raw(lambda carrier, pdu, writer: carrier.answer(pdu, writer))
    carrier(target, binds=1)
    account_id = new_id()
    owned(database, account_id)
    outbound()
    outbound()
    wait_until(lambda: target.carrier.binds() == 2, what="two processes")

    for sequence, (bind, number) in enumerate([(0, 3), (1, 1), (0, 1), (1, 3), (0, 2)], 50):
        pdu = deliver(sequence, **part(number))
        target.loop.call_soon_threadsafe(lambda bind=bind, pdu=pdu: target.carrier.writers[bind].write(pdu))

    wait_until(lambda: kept(database), what="the message")
    wait_until(lambda: not rows(database, "SELECT 1 FROM inbound_parts WHERE part = 2 AND joined_at IS NULL"), what="2")
    assert kept(database) == [("".join(SAID), 3, [])]
    told = recorded(database, events.SMS_RECEIVED)
    assert [one["text"] for event in told for one in event["messages"]] == ["".join(SAID)]
    pass_time(database)
    wait_until(lambda: not rows(database, "SELECT 1 FROM inbound_parts WHERE joined_at IS NULL"), what="the doubled")
    assert len(kept(database)) == 1


def test_what_is_there_is_passed_on_marked_when_a_part_does_not_come(database: Database) -> None:
    owned(database, new_id())
    arrive(database, 3, "c")
    arrive(database, 1, "a")
    join(database)
    assert kept(database) == []

    pass_time(database)
    join(database)
    assert kept(database) == [("ac", 3, [2])]
    (told,) = recorded(database, events.SMS_RECEIVED)
    assert told["messages"][0]["missing_parts"] == [2]

    arrive(database, 2, "b")
    pass_time(database)
    join(database)
    assert kept(database) == [("ac", 3, [2]), ("b", 3, [1, 3])]


def test_only_one_process_joins_at_a_time(database: Database) -> None:
    for number, text in enumerate("abc", 1):
        arrive(database, number, text)
    with database.transaction() as session:
        assert len(inbound_parts.due(cursor_of(session))) == 1
        join(database)
        assert kept(database) == []
    join(database)
    assert kept(database) == [("abc", 3, [])]


def test_the_same_reference_of_another_phone_number_or_length_is_another_message(database: Database) -> None:
    arrive(database, 1, "a", total=2)
    for text, more in (("b", {"source": "+48600100201"}), ("c", {"to": "+48500000002"})):
        answer(database, text, esm_class=0x40, header=header(2, total=2), **more)
    arrive(database, 2, "d", total=3)
    arrive(database, 2, "e", total=2, reference=8)
    join(database)
    assert kept(database) == []
    answer(database, "z", esm_class=0x40, header=header(2, total=2), source=PHONE[1:], to="00" + NUMBER[1:])
    join(database)
    assert kept(database) == [("az", 2, [])], "however its numbers are written"


def test_a_stop_counts_at_the_beginning_of_a_long_message_and_not_where_that_is_missing(database: Database) -> None:
    account_id = new_id()
    owned(database, account_id)
    sent(database, account_id)
    arrive(database, 2, "stop i tak dalej", total=2)
    pass_time(database)
    assert [event["kind"] for event in join(database)] == ["answered"]
    assert rows(database, "SELECT wish FROM inbound_sms") == [(None,)]

    arrive(database, 2, "OP, bardzo prosze", total=2, reference=8)
    arrive(database, 1, "ST", total=2, reference=8)
    assert [event["kind"] for event in join(database)] == ["answered", "unsubscribed"]
    assert rows(database, "SELECT wish FROM inbound_sms ORDER BY id") == [(None,), ("stop",)]


def test_parts_are_forgotten_with_the_person_and_with_time(database: Database) -> None:
    arrive(database, 1, "a")
    with database.transaction() as session:
        inbound_parts.forget(session, addresses=["+48600100201"], until=datetime.now(UTC))
    assert len(rows(database, "SELECT 1 FROM inbound_parts")) == 1
    with database.transaction() as session:
        inbound_parts.forget(session, addresses=[PHONE], until=datetime.now(UTC))
    assert rows(database, "SELECT 1 FROM inbound_parts") == []

    for number, text in enumerate("abc", 1):
        arrive(database, number, text)
    join(database)
    rows(database, "UPDATE inbound_parts SET joined_at = joined_at - interval '61 minutes' RETURNING 1")
    with database.transaction() as session:
        inbound_parts.forget_old(cursor_of(session))
        inbound_sms.forget_old(cursor_of(session))
    assert (rows(database, "SELECT 1 FROM inbound_parts"), len(kept(database))) == ([], 1)


def test_parts_of_an_account_that_closes_go_and_others_stay(database: Database) -> None:
    account_id = new_id()
    owned(database, account_id)
    owned(database, new_id(), "+48500000002")
    arrive(database, 1, "a")
    answer(database, "b", esm_class=0x40, header=header(1), to="+48500000002")
    with database.transaction() as session:
        inbound_parts.erase_account(session, account_id)
    assert rows(database, "SELECT number FROM inbound_parts") == [("48500000002",)]


def test_a_long_answer_that_begins_with_stop_is_heeded_before_it_is_whole(database: Database) -> None:
    """A part that is lost is waited for five minutes, in which a campaign may write again."""
    account_id = new_id()
    owned(database, account_id)
    sent(database, account_id)
    rows(
        database,
        "INSERT INTO stop_confirmations (account_id, enabled, text) VALUES (:id, true, 'Nie piszemy.') RETURNING 1",
        id=account_id,
    )
    arrive(database, 2, "bardzo prosze, ")
    assert not recorded(database, events.SMS_ADDRESSES_REFUSED)

    arrive(database, 1, "STOP, nie piszcie do mnie ")
    (at_once,) = recorded(database, events.SMS_ADDRESSES_REFUSED)
    assert [one["address"] for one in at_once["addresses"]] == [PHONE]
    assert not kept(database)
    assert rows(database, "SELECT account_id, phone FROM stops") == [(account_id, PHONE)], "for what is on its way"
    assert not recorded(database, events.SMS_REPLIES_DUE)

    pass_time(database)
    (unsubscribed,) = [event for event in join(database) if event["kind"] == "unsubscribed"]
    assert unsubscribed["account_id"] == str(account_id)
    assert kept(database) == [("STOP, nie piszcie do mnie bardzo prosze, ", 3, [3])]
    answer(database, "STOP")
    assert len(recorded(database, events.SMS_REPLIES_DUE)) == 1, "it is confirmed once, and once it is whole"


def test_a_later_part_that_begins_with_stop_says_nothing(database: Database) -> None:
    account_id = new_id()
    owned(database, account_id)
    sent(database, account_id)
    arrive(database, 2, "STOP")
    pass_time(database)
    join(database)
    assert not recorded(database, events.SMS_ADDRESSES_REFUSED)
