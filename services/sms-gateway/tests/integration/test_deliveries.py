"""What carriers deliver besides plain receipts is kept; messages that they never tell of end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from raw_carrier import Carrier
from sqlalchemy import text

from channel import settlement
from channel.batches import Batch, Header
from channel.outlets import Chunk, Claim
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.partitions import ensure_partitions
from chassis.testing import wait_until
from contracts.ids import first_id_at, message_ids
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Arrived, ArrivedUnread, Content, KnownCarrier, SmsMessage
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Command
from sms_gateway.store import overdue, parked_receipts, receipts, unknown_messages, unread_deliveries
from sms_gateway.store.ledger import SmsLedger
from sms_gateway.usecases import carriers

PHONE = "48600100200"


def deliver(sequence: int, body: bytes = b"", tlvs: Any = None, **fields: Any) -> bytes:
    known = {"source_addr": PHONE, "destination_addr": "Wici", "short_message": body, **fields}
    return smpp.encode(smpp.Pdu(Command.DELIVER_SM, sequence, 0, known, tlvs or {}))


def rows(database: Database, statement: str, **values: Any) -> list[Any]:
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(text(statement), values)]


def test_messages_from_phones_and_what_nobody_understands_are_kept_and_answered(
    raw: Any, carrier: Any, outbound: Any, database: Database
) -> None:
    target = raw(lambda carrier, pdu, writer: carrier.answer(pdu, writer))
    carrier_id = carrier(target, binds=1)
    outbound()
    wait_until(lambda: target.carrier.writers, what="the bind")
    wait_until(lambda: target.carrier.binds(), what="the bind's request")
    target.write(deliver(50, b"STOP"))
    target.write(deliver(51, b"stat:GLORIOUS", esm_class=4))

    wait_until(
        lambda: {pdu.sequence for pdu in target.carrier.requests if pdu.command == Command.DELIVER_SM_RESP} == {50, 51},
        what="both answered",
    )

    assert rows(database, "SELECT carrier_id, source, destination, octets FROM inbound_sms") == [
        (carrier_id, PHONE, "Wici", b"STOP")
    ]
    operator = {"operator_id": str(new_id())}
    with database.transaction() as session:
        page = carriers.list_unread_deliveries(
            session, actor=operator, now=datetime.now(UTC), carrier_id=carrier_id, cursor=None, limit=10
        )
    assert [item["reason"] for item in page["items"]] == ["a receipt without an id or a state"]
    assert b"stat:GLORIOUS" in bytes.fromhex(page["items"][0]["pdu"])


def test_receipts_as_messages_from_phones_count_where_they_are_the_recipients(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """Such a carrier exists; and a stranger's phone may write the same."""
    phones = [f"+48600{number:06d}" for number in range(2)]

    def answer_and_report(carrier: Carrier, pdu: smpp.Pdu, writer: Any) -> None:
        carrier.answer(pdu, writer)
        to = str(pdu.fields["destination_addr"])
        body = f"id:id{pdu.sequence} sub:001 dlvrd:001 submit date:2611240745 done date:2611240745 stat:%s err:000"
        forged = deliver(pdu.sequence, (body % "UNDELIV").encode(), source_addr="48600999999")
        true = deliver(pdu.sequence + 1000, (body % "DELIVRD").encode(), source_addr=to)
        writer.write(forged if f"+{to}" == phones[0] else forged + true)

    target = raw(answer_and_report)
    carrier(target, binds=1)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), phones))

    campaign.wait_final(1)
    wait_until(lambda: len(rows(database, "SELECT 1 FROM parked_receipts WHERE tries > 2")) == 2, what="the forged")
    assert dict(rows(database, "SELECT address, state FROM ledger")) == {
        phones[0]: "submitted", phones[1]: "delivered"
    }  # fmt: skip


@pytest.mark.parametrize("form", ["decimal_to_hex", "auto"])
def test_receipts_in_another_form_end_their_messages(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, form: str
) -> None:
    def answer_in_hex_and_report_in_decimal(carrier: Carrier, pdu: smpp.Pdu, writer: Any) -> None:
        number = 0xABCDEF00 + 7919 * pdu.sequence
        writer.write(smpp.encode(smpp.Pdu(Command.SUBMIT_SM_RESP, pdu.sequence, 0, {"message_id": f"{number:012X}"})))
        source = {"source_addr": str(pdu.fields["destination_addr"]), "esm_class": 4}
        body = f"id:{number:015d} sub:001 dlvrd:001 stat:DELIVERED err:000".encode()
        writer.write(deliver(pdu.sequence, body, **source))

    target = raw(answer_in_hex_and_report_in_decimal)
    carrier(target, binds=1, receipt_ids=form)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), [f"+48600{number:06d}" for number in range(150)]))

    assert set(campaign.wait_final(150, timeout=40).values()) == {"delivered"}


def test_of_what_nobody_understands_the_newest_of_three_days_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(most: int) -> list[str]:
        monkeypatch.setattr(unread_deliveries, "MOST", most)
        with database.transaction() as session:
            unread_deliveries.forget_old(cursor_of(session))
        return [row[0] for row in rows(database, "SELECT reason FROM unread_deliveries ORDER BY id")]

    carrier_id, now = new_id(), datetime.now(UTC)
    with database.transaction() as session:
        arrived = [ArrivedUnread(carrier_id, b"x", str(number), now.timestamp()) for number in range(4)]
        unread_deliveries.write(cursor_of(session), arrived)
        session.execute(
            text("INSERT INTO unread_deliveries VALUES (:id, :carrier, '', 'old', now())"),
            {"id": first_id_at(now - timedelta(days=3, minutes=1)), "carrier": carrier_id},
        )
    assert keep(10) == ["0", "1", "2", "3"]
    assert keep(3) == ["1", "2", "3"]


@pytest.mark.parametrize("state", ["expired", "unknown"])
def test_what_a_carrier_never_tells_of_ends_a_day_after_its_time(
    raw: Any, carrier: Any, database: Database, state: str
) -> None:
    target = raw(lambda carrier, pdu, writer: None)
    carrier_id = carrier(target, without_receipt=state)
    now = datetime.now(UTC)
    overdue_at = now - overdue.AFTER
    ids = [UUID(int=first_id_at(overdue_at - timedelta(minutes=5)).int + number) for number in range(4)]
    old, done, scheduled, waiting = ids
    young = first_id_at(overdue_at + timedelta(minutes=5))
    with database.transaction() as session:
        ensure_partitions(session, "ledger", (now - timedelta(days=5)).date(), days=7)
        for message_id, known, submitted_at in (
            (old, "submitted", overdue_at - timedelta(minutes=5)),
            (young, "submitted", overdue_at + timedelta(minutes=5)),
            (done, "delivered", overdue_at - timedelta(minutes=5)),
            (scheduled, "submitted", now),
            (waiting, "accepted", None),
        ):
            session.execute(
                text(
                    "INSERT INTO ledger (message_id, account_id, carrier_id, address, state, parts, submitted_at)"
                    " VALUES (:id, :account, :carrier, :phone, :state, 1, :at)"
                ),
                {
                    "id": message_id, "account": new_id(), "carrier": carrier_id, "phone": PHONE, "state": known,
                    "at": submitted_at,
                },
            )  # fmt: skip

    def look(at: datetime) -> list[tuple[Any, Any]]:
        with database.transaction() as session:
            swept = overdue.end(cursor_of(session), at)
        assert not swept.is_more
        assert swept.ended == ({(carrier_id, state): len(swept.events)} if swept.events else {})
        return [(event["message_id"], event["kind"]) for event in swept.events]

    assert look(now) == [(str(old), state)]
    assert look(now) == []
    assert sorted(look(now + timedelta(days=5))) == sorted([(str(young), state), (str(scheduled), state)])
    states = dict(rows(database, "SELECT message_id, state FROM ledger"))
    assert states == {old: state, young: state, scheduled: state, done: "delivered", waiting: "accepted"}
    assert rows(database, "SELECT message_id FROM overdue_later") == [(waiting,)]


def settled_of_a_send(
    database: Database, made_at: datetime, states: list[MessageState], *, carrier_id: UUID | None = None, parts: int = 1
) -> list[UUID]:
    """Messages of a send of then whose outcome is known now; by the carrier they are `c0.1` and so on, of each part."""
    send_id = UUID(int=first_id_at(made_at).int + 1)
    raw = {"batch_id": str(new_id()), "account_id": str(new_id()), "send_id": str(send_id), "content_hash": "h"}
    recipients = [{"number": number, "address": f"+{PHONE}", "fields": {}} for number in range(len(states))]
    batch = Batch(Header(raw, Lane.BULK), Content(new_id(), "Wici", {"text": "Hej"}), len(states))
    chunk, of, messages = Chunk(batch, None, recipients), message_ids(send_id), []
    for recipient, state in zip(recipients, states, strict=True):
        message = SmsMessage(chunk, recipient, str(of(recipient["number"])), False, 0)
        message.state, message.at, message.due_at = state, datetime.now(UTC).timestamp(), datetime.now(UTC)
        message.outlet = KnownCarrier(carrier_id) if carrier_id else None
        message.parts = message.travelling = parts
        if state is not MessageState.UNKNOWN:
            message.carrier_ids = [f"c{recipient['number']}.{part}" for part in range(1, parts + 1)]
        chunk.claim = Claim(new_id(), 1)
        messages.append(message)
    with database.transaction() as session:
        for table in ("ledger", "ledger_parts"):
            ensure_partitions(session, table, made_at.date(), days=1)
        settlement.settle(cursor_of(session), SmsLedger(), messages)
    return [UUID(message.message_id) for message in messages]


def test_what_leaves_when_its_id_is_old_already_ends_all_the_same(database: Database) -> None:
    """A campaign that was paused for days: the sweep has passed the ids of its send."""
    now = datetime.now(UTC)
    long_ago = now - overdue.AFTER - timedelta(days=1)

    def ended(at: datetime) -> list[str]:
        with database.transaction() as session:
            return [event["message_id"] for event in overdue.end(cursor_of(session), at).events]

    settled_of_a_send(database, long_ago + timedelta(minutes=1), [MessageState.DELIVERED])
    assert ended(now) == []
    old, _, _ = settled_of_a_send(
        database, long_ago, [MessageState.SUBMITTED, MessageState.REJECTED, MessageState.DEFERRED]
    )
    (young,) = settled_of_a_send(database, now - timedelta(days=1), [MessageState.SUBMITTED])

    assert rows(database, "SELECT message_id FROM overdue_later") == [(old,)]
    assert ended(now + overdue.AFTER - timedelta(minutes=1)) == []
    assert ended(now + overdue.AFTER + timedelta(minutes=1)) == [str(old)]
    assert ended(now + overdue.AFTER + timedelta(days=1)) == [str(young)]  # read a day ago, and open then


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("is_typed", [False, True])
@pytest.mark.parametrize("state", [MessageState.SUBMITTED, MessageState.UNKNOWN])
def test_receipts_find_what_left_long_after_it_was_made(
    database: Database, parts: int, is_typed: bool, state: MessageState
) -> None:
    """Single messages are scheduled up to ninety days ahead; a campaign may be paused for as long as one likes."""
    now, carrier_id = datetime.now(UTC), new_id()
    settled_of_a_send(database, now - timedelta(days=80), [state], carrier_id=carrier_id, parts=parts)
    come = [
        Arrived(
            carrier_id, f"c0.{part}", MessageState.DELIVERED, "", PHONE, now.timestamp(), sender="Wici",
            is_typed=is_typed,
        )
        for part in range(1, parts + 1)
    ]  # fmt: skip

    with database.transaction() as session:
        unknown_messages.forget_old(cursor_of(session), now - receipts.FAR)
        events = receipts.apply(cursor_of(session), come, now)
        session.execute(text("UPDATE parked_receipts SET next_at = now()"))
    with database.transaction() as session:
        cursor = cursor_of(session)
        later = now + timedelta(seconds=receipts.UNMATCHED_AFTER + 5)
        events += receipts.apply(cursor, parked_receipts.take(cursor), later)

    assert [event["kind"] for event in events] == ["delivered"]
    assert rows(database, "SELECT state FROM ledger") == [("delivered",)]
    assert rows(database, "SELECT 1 FROM parked_receipts") == []


def test_the_sweep_is_told_by_carrier(raw: Any, carrier: Any, outbound: Any, database: Database) -> None:
    target = raw(lambda carrier, pdu, writer: None)
    carrier_id = carrier(target)
    long_ago = datetime.now(UTC) - overdue.AFTER - timedelta(hours=1)
    with database.transaction() as session:
        ensure_partitions(session, "ledger", long_ago.date(), days=1)
        session.execute(
            text(
                "INSERT INTO ledger (message_id, account_id, carrier_id, address, state, parts, submitted_at)"
                " SELECT id, :account, :carrier, :phone, 'submitted', 1, :at FROM unnest(:ids) AS i(id)"
            ),
            {
                "ids": [UUID(int=first_id_at(long_ago).int + number) for number in range(3)], "account": new_id(),
                "carrier": carrier_id, "phone": PHONE, "at": long_ago,
            },
        )  # fmt: skip
    process = outbound()
    wait_until(lambda: "messages_without_receipt" in process.log_tail(), timeout=30, what="the sweep")

    (told,) = [orjson.loads(line) for line in process.log_tail().splitlines() if "messages_without_receipt" in line]
    assert (told["carrier"], told["state"], told["messages"]) == (f"c{target.port}", "expired", 3)
