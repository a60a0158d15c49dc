"""Answers from phones: whose they are, and what becomes of STOP and START."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from phones import NUMBER, PHONE, answer, deliver, owned, recorded, rows, sent

from channel.batches import Batch, Header, UnknownContent
from channel.outlets import Chunk
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts import events
from contracts.schema import dump
from contracts.sms_gateway.answers import InboundSms
from contracts.vocabulary import Lane, MessageState, Wish
from sms_gateway.batches import ArrivedInbound, SmsMessage
from sms_gateway.domain.numbers import phone_of
from sms_gateway.domain.senders import SYSTEM_ACCOUNT
from sms_gateway.smpp.constants import Command
from sms_gateway.store import answers, last_messages
from sms_gateway.usecases import answers as listing


def stopped(database: Database) -> list[tuple[str, str]]:
    told = recorded(database, events.SMS_ADDRESSES_REFUSED)
    return sorted((event["account_id"], one["address"]) for event in told for one in event["addresses"])


def restored(database: Database) -> list[tuple[str, str]]:
    told = recorded(database, events.SMS_STOPS_WITHDRAWN)
    return sorted((event["account_id"], one["address"]) for event in told for one in event["addresses"])


def test_a_stop_is_tied_to_the_message_answered_and_told_of_once_for_each_delivery(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """The carrier delivers it on the binds of two processes, twice on one, as it does where an answer is lost."""
    target = raw(lambda carrier, pdu, writer: carrier.answer(pdu, writer))
    carrier(target, binds=1)
    outbound()
    outbound()
    wait_until(lambda: target.carrier.binds() == 2, what="two processes")
    campaign.publish(campaign.batches(campaign.content("Hej", sender=NUMBER), [PHONE, "+48600100201"]))
    wait_until(lambda: len(rows(database, "SELECT 1 FROM last_messages")) == 2, what="what may be answered")

    for _ in range(2):
        target.write(deliver(50))
    target.loop.call_soon_threadsafe(lambda: target.carrier.writers[0].write(deliver(51)))
    wait_until(lambda: len(rows(database, "SELECT 1 FROM inbound_sms")) == 3, what="all three")

    message_id = campaign.message_id(1)
    assert rows(database, "SELECT DISTINCT account_id, campaign_id, message_id::text, wish FROM inbound_sms") == [
        (campaign.account_id, campaign.campaign_id, message_id, "stop")
    ]
    told = recorded(database, events.SMS_ADDRESSES_REFUSED)
    assert {(each["account_id"], each["campaign_id"]) for each in told} == {
        (str(campaign.account_id), str(campaign.campaign_id))
    }
    (contact_id,) = {one["contact_id"] for each in told for one in each["addresses"]}
    assert contact_id is not None
    assert {(one["address"], one["message_id"], one["reason"]) for each in told for one in each["addresses"]} == {
        (PHONE, message_id, "stop")
    }
    wait_until(lambda: any(event["kind"] == "unsubscribed" for event in campaign.events), what="the delivery event")
    unsubscribed = [event for event in campaign.events if event["kind"] == "unsubscribed"]
    assert {event["event_id"] for event in unsubscribed} == {str(uuid5(UUID(message_id), "unsubscribed"))}


def test_what_waits_in_the_lane_does_not_go_to_who_has_said_no(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """A slow carrier leaves portions there for hours; contacts was asked before."""
    simulator = smsc()
    carrier(simulator)
    owned(database, campaign.account_id)
    campaign.publish(campaign.batches(campaign.content("Hej"), [f"+4860010020{last}" for last in range(3)]))
    answer(database, "STOP")
    outbound()

    states = campaign.wait_final(3)

    assert sorted(states.values()) == ["delivered", "delivered", "rejected"]
    assert {message["to"] for message in simulator.messages()} == {"+48600100201", "+48600100202"}
    assert rows(database, "SELECT address, code FROM ledger WHERE state = 'rejected'") == [
        (PHONE, "recipient.archived")
    ]
    wait_until(lambda: campaign.done, what="the batch is done")
    assert (campaign.done[0]["failed"], campaign.done[0]["left_out"]) == (0, {"archived": 1})


def test_what_waits_to_be_tried_again_does_not_go_to_who_has_said_no_either(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """Contacts, which is asked again, has not heard of it yet."""
    simulator = smsc()
    carrier_id = carrier(simulator)
    rows(database, "UPDATE carriers SET port = 1, version = 2 WHERE id = :id RETURNING 1", id=carrier_id)
    owned(database, campaign.account_id)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), [PHONE, "+48600100201"]))
    wait_until(lambda: len(rows(database, "SELECT 1 FROM retries")) == 2, what="both in the schedule")
    answer(database, "STOP")

    statement = "UPDATE carriers SET port = :port, version = 3 WHERE id = :id RETURNING 1"
    rows(database, statement, id=carrier_id, port=simulator.port)

    assert sorted(campaign.wait_final(2).values()) == ["delivered", "rejected"]
    assert {message["to"] for message in simulator.messages()} == {"+48600100201"}


def test_an_account_is_told_of_what_phones_wrote_to_it_and_of_nothing_that_is_nobodys(database: Database) -> None:
    account_id = uuid4()
    message_id = sent(database, account_id)

    answer(database, "Tak", "STOP")
    answer(database, "Hej", to="48999999999", source="+48600999999")

    (told,) = recorded(database, events.SMS_RECEIVED)
    assert told["account_id"] == str(account_id)
    assert [(one["text"], one["wish"], one["message_id"]) for one in told["messages"]] == [
        ("Tak", None, str(message_id)),
        ("STOP", "stop", str(message_id)),
    ]


def test_the_platforms_own_message_to_a_phone_hides_no_customers(database: Database) -> None:
    account_id = new_id()
    owned(database, account_id)
    sent(database, SYSTEM_ACCOUNT)

    answer(database, "STOP")

    assert stopped(database) == [(str(account_id), PHONE)]


def test_a_campaign_that_begins_later_is_for_contacts_to_judge(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """Somebody may have restored them."""
    carrier(smsc())
    owned(database, campaign.account_id)
    answer(database, "STOP")
    rows(database, "UPDATE stops SET said_at = said_at - interval '61 minutes' RETURNING 1")
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), [PHONE]))

    assert list(campaign.wait_final(1).values()) == ["delivered"]


def test_what_is_answered_before_its_process_dies_is_not_lost(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """What no answer told of comes again, to the next process."""
    target = raw(lambda carrier, pdu, writer: carrier.answer(pdu, writer))
    carrier(target, binds=1)
    first = outbound()
    wait_until(lambda: target.carrier.binds() == 1, what="the bind")
    campaign.publish(campaign.batches(campaign.content("Hej", sender=NUMBER), [PHONE]))
    wait_until(lambda: rows(database, "SELECT 1 FROM last_messages"), what="what may be answered")
    target.write(deliver(50))
    first.kill()
    outbound()
    wait_until(lambda: target.carrier.binds() == 2, what="the next bind")
    is_answered = any(pdu.command == Command.DELIVER_SM_RESP for pdu in target.carrier.requests)
    if not is_answered:
        target.write(deliver(50))

    wait_until(lambda: stopped(database), what="the refusal")
    assert set(stopped(database)) == {(str(campaign.account_id), PHONE)}


@pytest.mark.parametrize("state", ["rejected", "name"])
def test_only_what_left_from_a_number_can_be_answered(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database, state: str
) -> None:
    carrier(smsc())
    outbound()
    text_of, sender = ("{{ first_name.x.y }}", NUMBER) if state == "rejected" else ("Hej", "Wici")
    campaign.publish(campaign.batches(campaign.content(text_of, sender=sender), [PHONE]))

    campaign.wait_final(1)

    assert rows(database, "SELECT 1 FROM last_messages") == []


def test_what_a_dead_process_had_in_hand_of_a_content_that_is_gone_can_be_answered_by_nobody(
    database: Database,
) -> None:
    raw = {
        "batch_id": str(new_id()), "account_id": str(new_id()), "send_id": str(new_id()), "content_hash": "gone",
        "campaign_id": str(new_id()),
    }  # fmt: skip
    recipient: Any = {"number": 1, "address": PHONE, "fields": {}}
    chunk = Chunk(Batch(Header(raw, Lane.BULK), UnknownContent(raw["account_id"]), 1), None, [recipient])
    message = SmsMessage(chunk, recipient, str(new_id()), False, 1)
    message.state, message.at = MessageState.UNKNOWN, datetime.now(UTC).timestamp()
    with database.transaction() as session:
        last_messages.remember(cursor_of(session), [message])

    assert rows(database, "SELECT 1 FROM last_messages") == []


def test_of_accounts_that_share_a_number_all_that_wrote_to_the_phone_write_no_more(database: Database) -> None:
    older, newer, silent, long_ago = (new_id() for _ in range(4))
    for account_id in (older, newer, silent, long_ago):
        owned(database, account_id)
    sent(database, older, ago=timedelta(days=3))
    answered = sent(database, newer)
    sent(database, long_ago, ago=timedelta(days=91))
    sent(database, silent, number="+48500000002")

    told = answer(database, "Stop!")

    assert stopped(database) == sorted([(str(older), PHONE), (str(newer), PHONE)])
    assert rows(database, "SELECT account_id, message_id FROM inbound_sms") == [(newer, answered)]
    assert {(event["account_id"], event["kind"]) for event in told} == {
        (str(older), "unsubscribed"), (str(newer), "unsubscribed"), (str(newer), "answered"),
    }  # fmt: skip


def test_each_answer_is_told_of_the_message_that_it_answers(database: Database) -> None:
    account_id = new_id()
    owned(database, account_id)
    answered = sent(database, account_id)

    told = answer(database, "Tak", "Jutro")

    kept = rows(database, "SELECT id FROM inbound_sms ORDER BY id")
    assert [(event["event_id"], event["kind"], event["message_id"]) for event in told] == [
        (str(inbound_id), "answered", str(answered)) for (inbound_id,) in kept
    ]


@pytest.mark.parametrize("sharing", [1, 2])
def test_who_was_not_written_to_refuses_whoever_has_the_number(database: Database, sharing: int) -> None:
    accounts = [new_id() for _ in range(sharing)]
    for account_id in accounts:
        owned(database, account_id)
    owned(database, new_id(), "+48500000002")

    assert answer(database, "koniec") == []

    assert stopped(database) == sorted((str(account_id), PHONE) for account_id in accounts)
    assert rows(database, "SELECT account_id FROM inbound_sms") == [(accounts[0] if sharing == 1 else None,)]


@pytest.mark.parametrize("source", ["7055", "Bank", "", "+48600\0100200"])
@pytest.mark.parametrize("to", [NUMBER, "7099", "", "7\x0055"])
def test_what_is_no_phone_or_nobodys_number_is_kept_and_stops_nobody(database: Database, source: str, to: str) -> None:
    owned(database, new_id())

    assert answer(database, "STOP", source=source, to=to) == []

    assert stopped(database) == []
    assert len(rows(database, "SELECT 1 FROM inbound_sms")) == 1


@pytest.mark.parametrize(
    ("source", "to"),
    [
        ("600100200", NUMBER), (PHONE, "500000001"), ("600100200", "500000001"), ("0048600100200", "0048500000001"),
        ("600 100 200", NUMBER),
    ],
)  # fmt: skip
def test_numbers_in_national_form_have_each_others_country(database: Database, source: str, to: str) -> None:
    account_id = uuid4()
    sent(database, account_id)

    answer(database, "STOP", source=source, to=to)

    assert stopped(database) == [(str(account_id), PHONE)]
    ((kept,),) = rows(database, "SELECT source FROM inbound_sms")
    assert phone_of(kept) == PHONE  # as a search and an erasure look for it


def test_a_sender_may_be_named_and_polish_letters_be_in_any_coding(database: Database) -> None:
    mine = new_id()
    owned(database, mine)
    owned(database, mine, "Moda")
    answer(database, "MODA stop", "Nieznana stop")
    answer(database, "REZYGNUJĘ", coding=8)
    assert stopped(database) == [(str(mine), PHONE)] * 2


def test_answers_are_searched_newest_first_and_are_nobody_elses(database: Database) -> None:
    mine, others, now = new_id(), new_id(), datetime.now(UTC)
    owned(database, mine)
    owned(database, others, "7055")
    answered = sent(database, mine)
    for said, source in (("Tak", PHONE), ("STOP", "0048600100200"), ("Nie", "48600100201")):
        answer(database, said, source=source)
    answer(database, "Cudze", to="7055")

    def found(account_id: UUID = mine, **wanted: Any) -> list[str]:
        shown, cursor = [], None
        while True:
            with database.transaction() as session:
                page = listing.list_inbound_sms(
                    session, actor={"account_id": str(account_id)}, now=now, limit=2, cursor=cursor, **wanted
                )
            shown += [dump(InboundSms, item)["text"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return shown

    assert found() == ["Nie", "STOP", "Tak"]
    assert found(others) == ["Cudze"]
    assert found(new_id()) == []
    for phone in (PHONE, "48600100200", "0048600100200"):
        assert found(phone=phone) == ["STOP", "Tak"]
    assert found(number=NUMBER) == ["Nie", "STOP", "Tak"]
    assert found(number="7055") == found(phone="\0") == []
    assert found(wish=Wish.STOP) == ["STOP"]
    hour = timedelta(hours=1)
    assert found(since=now - hour, until=now + hour) == ["Nie", "STOP", "Tak"]
    assert found(since=now + hour) == found(until=now - hour) == found(campaign_id=new_id()) == []
    assert rows(database, "SELECT count(*) FROM inbound_sms WHERE message_id = :id", id=answered) == [(2,)]


def test_a_start_takes_back_and_one_that_is_delivered_again_does_not(database: Database) -> None:
    mine = new_id()
    owned(database, mine)
    sent(database, mine)
    for said in ("START", "STOP", "START"):
        answer(database, said)
    assert restored(database) == [(str(mine), PHONE)]
    rows(database, "UPDATE inbound_sms SET received_at = received_at - interval '61 minutes' RETURNING 1")
    answer(database, "START", "STOP", "START")
    assert restored(database) == [(str(mine), PHONE)] * 2

    assert rows(database, "SELECT account_id, phone FROM stops") == [(mine, PHONE)]
    start, stop = (
        recorded(database, event)[-1] for event in (events.SMS_STOPS_WITHDRAWN, events.SMS_ADDRESSES_REFUSED)
    )
    said_at = [datetime.fromisoformat(event["addresses"][0]["occurred_at"]) for event in (start, stop)]
    assert said_at[0] < said_at[1], "in the order in which they were said, also within one read"


def test_after_a_start_what_is_on_its_way_goes_again(database: Database) -> None:
    mine = new_id()
    owned(database, mine)
    answer(database, "STOP")
    assert rows(database, "SELECT account_id, phone FROM stops") == [(mine, PHONE)]
    answer(database, "START")
    assert rows(database, "SELECT account_id, phone FROM stops") == []


def test_a_message_that_an_http_carrier_tells_of_again_is_kept_once(database: Database) -> None:
    account_id, carrier_id = new_id(), new_id()
    owned(database, account_id)
    at = datetime.now(UTC).timestamp()

    def told(*ids: str, by: UUID = carrier_id) -> list[ArrivedInbound]:
        return [ArrivedInbound(by, PHONE, NUMBER, 0, 0, b"Hej", at, carrier_message_id=each) for each in ids]

    for some in (told("a", "b", "a"), told("b", "c"), told("a", by=new_id()), told("", "")):
        with database.transaction() as session:
            answers.take(cursor_of(session), some)
    assert len(rows(database, "SELECT 1 FROM inbound_sms")) == 3 + 1 + 2
    assert len([one for event in recorded(database, events.SMS_RECEIVED) for one in event["messages"]]) == 6

    with pytest.raises(RuntimeError), database.transaction() as session:
        answers.take(cursor_of(session), told("d"))
        raise RuntimeError
    with database.transaction() as session:
        answers.take(cursor_of(session), told("d"))
    assert len(rows(database, "SELECT 1 FROM inbound_sms")) == 7
