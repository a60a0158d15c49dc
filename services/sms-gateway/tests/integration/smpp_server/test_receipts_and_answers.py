"""What partners get back through a carrier, at whichever server they are bound: receipts, and answers from phones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from raw_carrier import Carrier, RawSmsc, answer_to
from smpp_partners import Running, bound, octets_of, stored
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess, wait_until
from contracts.vocabulary import MessageState
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Command, Status, Tag
from sms_gateway.smpp.receipts import Receipt, read_deliver
from sms_gateway.usecases import carriers

OF_ITS_OWN = {0x1403: b"\x26\x01", 0x1404: b"of no use to anybody else"}  # optional parameters
REFUSED, BOUNCED = "48600000001", "48600000002"
OPERATOR: dict[str, Any] = {"actor": {"operator_id": str(new_id())}, "now": datetime.now(UTC), "reason": "Test"}


class Telco:
    """A carrier that takes everything and tells of it at once; `submits` has what reached it."""

    def __init__(self) -> None:
        self.submits: list[smpp.Pdu] = []
        self.raw = RawSmsc(self._on_submit)

    def _on_submit(self, _carrier: Carrier, pdu: smpp.Pdu, writer: Any) -> None:
        to = str(pdu.fields["destination_addr"])
        if to == REFUSED:
            writer.write(answer_to(pdu, Status.INVALID_DESTINATION))
            return
        self.submits.append(pdu)
        name = f"t{len(self.submits)}"
        answer = smpp.Pdu(Command.SUBMIT_SM_RESP, pdu.sequence, 0, {"message_id": name})
        stat = "UNDELIV err:021" if to == BOUNCED else "DELIVRD err:000"
        told = f"id:{name} sub:001 dlvrd:001 submit date:2611300800 done date:2611300801 stat:{stat} text:".encode()
        receipt = deliver(to, str(pdu.fields["source_addr"]), told, OF_ITS_OWN, esm_class=4)
        writer.write(smpp.encode(answer) + receipt)

    def say(self, phone: str, number: str, said: bytes, **fields: Any) -> None:
        self.raw.write(deliver(phone, number, said, OF_ITS_OWN, **fields))


def deliver(source: str, destination: str, octets: bytes, tlvs: dict[int, bytes], **fields: Any) -> bytes:
    of = {"source_addr": source, "destination_addr": destination, "short_message": octets, **fields}
    return smpp.encode(smpp.Pdu(Command.DELIVER_SM, 1, 0, of, tlvs))


@pytest.fixture(scope="module")
def telco() -> Iterator[Telco]:
    running = Telco()
    yield running
    running.raw.stop()


@pytest.fixture(scope="module")
def outbound(launch_once: Launcher, base: Database, others: Any, telco: Telco) -> RunningProcess:
    with base.transaction() as session:
        made = carriers.create_carrier(
            session, **OPERATOR, vault=Vault(SECRET_KEYS), name="telco", host="127.0.0.1", port=telco.raw.port,
            system_id="wici", password="secret", binds=1, passed_on=["0x1403"],
        )  # fmt: skip
        carriers.create_route(session, **OPERATOR, carrier_id=made["id"], prefix="", priority=1)
    return launch_once("sms_gateway.outbound", service="sms_gateway")


def receipt_of(pdu: smpp.Pdu) -> Receipt:
    """As our own side of a carrier's bind reads it."""
    found = read_deliver(smpp.encode(pdu))
    assert isinstance(found, Receipt)
    return found


def waiting(base: Database, smpp_account_id: UUID) -> int:
    with base.transaction() as session:
        query = text("SELECT count(*) FROM smpp_deliveries WHERE smpp_account_id = :id")
        return int(session.scalar(query, {"id": smpp_account_id}) or 0)


def test_a_message_reaches_the_carrier_octet_for_octet_and_its_receipt_the_partner(
    server: Running, outbound: RunningProcess, base: Database, telco: Telco, partner: Any
) -> None:
    made = partner()
    part = b"\x05\x00\x03\x07\x02\x01" + bytes(range(128))
    with bound(server, made) as peer:
        name = peer.submit("48600111222", part, esm_class=0x40, data_coding=0xF5, protocol_id=0x41).fields["message_id"]
        pdu = peer.receipt()
    sent = next(each for each in telco.submits if each.fields["destination_addr"] == "48600111222")
    of = ("short_message", "esm_class", "data_coding", "protocol_id", "source_addr")
    assert [sent.fields[each] for each in of] == [part, 0x40, 0xF5, 0x41, "Wici"]
    told = receipt_of(pdu)
    assert (told.carrier_message_id, told.state, told.address) == (name, MessageState.DELIVERED, "48600111222")
    assert (pdu.fields["esm_class"], pdu.fields["destination_addr"], pdu.fields["dest_addr_ton"]) == (4, "Wici", 5)
    assert pdu.tlvs[Tag.MESSAGE_STATE] == b"\x02"
    assert pdu.tlvs[Tag.NETWORK_ERROR_CODE] == b"\x03\0\0"
    assert {tag: value for tag, value in pdu.tlvs.items() if tag in OF_ITS_OWN} == {0x1403: b"\x26\x01"}
    wait_until(lambda: not waiting(base, made.id), what="that nothing is kept of what was acknowledged")


def test_receipts_come_where_they_were_asked_for(
    server: Running, outbound: RunningProcess, base: Database, partner: Any
) -> None:
    made = partner()
    with bound(server, made) as peer:
        wanted = [
            peer.submit("48600111223", registered_delivery=0, text=b"none"),
            peer.submit("48600111224", registered_delivery=2, text=b"not of what arrives"),
            peer.submit(BOUNCED, registered_delivery=2),
            peer.submit(REFUSED, registered_delivery=1),
            peer.submit("+48600111225", registered_delivery=1),
        ]
        told = [receipt_of(peer.receipt()) for _ in range(3)]
        names = [{"message_id": answer.fields["message_id"]} for answer in wanted]

        def states_told() -> list[Any]:
            return [peer.ask(Command.QUERY_SM, name).fields["message_state"] for name in names]

        wait_until(lambda: states_told() == [2, 2, 5, 8, 2], what="that all have ended")
        wait_until(lambda: not waiting(base, made.id), what="that no further receipt waits")
    states = {each.carrier_message_id: (each.state, each.code) for each in told}
    bounced, refused, delivered = (str(answer.fields["message_id"]) for answer in wanted[2:])
    assert states[bounced] == (MessageState.UNDELIVERED, "021")
    assert states[refused] == (MessageState.REJECTED, "011")
    assert states[delivered] == (MessageState.DELIVERED, "000")
    assert "+48600111225" in {each.address for each in told}  # as the partner wrote it


def test_what_nobody_is_bound_for_waits_and_comes_in_order_at_another_server(
    server: Running, second: Running, outbound: RunningProcess, base: Database, partner: Any
) -> None:
    made = partner(window=100)
    with bound(server, made, "transmitter") as peer:
        names = [str(peer.submit(f"4860022{number:04d}").fields["message_id"]) for number in range(30)]
    wait_until(lambda: waiting(base, made.id) == 30, what="the receipts")
    with base.transaction() as session:
        query = text("SELECT message_id FROM smpp_deliveries WHERE smpp_account_id = :id ORDER BY due_at, id")
        order = [each.hex[:24] for each in session.scalars(query, {"id": made.id})]
    with bound(second, made, "receiver") as peer:
        told = [receipt_of(peer.receipt()).carrier_message_id for _ in names]
    assert told == order
    assert sorted(told) == sorted(names)
    wait_until(lambda: not waiting(base, made.id), what="that all are finished")


def test_what_is_not_acknowledged_comes_again(
    server: Running, second: Running, outbound: RunningProcess, base: Database, partner: Any
) -> None:
    made = partner()
    with bound(server, made, "transmitter") as peer:
        name = peer.submit().fields["message_id"]
    with bound(second, made) as silent:
        first = silent.wait_for(Command.DELIVER_SM)
        assert silent.has_ended()  # two seconds without an answer
    with bound(server, made) as peer:
        again = peer.wait_for(Command.DELIVER_SM)
        assert again.fields == first.fields
        peer.answer(again, Status.RECEIVER_PERMANENT_ERROR)
        wait_until(lambda: not waiting(base, made.id), what="that it is dropped, as the partner does not want it")
        assert peer.ask(Command.QUERY_SM, {"message_id": name}).status == Status.OK


def test_answers_go_to_who_sent_what_is_answered(
    server: Running, second: Running, outbound: RunningProcess, base: Database, telco: Telco, partner: Any
) -> None:
    made = partner(has=("+48500700800",))
    beside = partner(made.account_id)
    stranger = partner()
    with bound(server, made) as peer, bound(second, beside) as other, bound(server, stranger):
        name = peer.submit("48600333444", source_addr="48500700800", source_addr_ton=1, source_addr_npi=1)
        peer.receipt()
        telco.say("48600333444", "48500700800", "Zażółć".encode("utf-16-be"), data_coding=8)
        told = peer.receipt()
        answer = told.fields
        assert {tag: value for tag, value in told.tlvs.items() if tag in OF_ITS_OWN} == {0x1403: b"\x26\x01"}
        assert (answer["source_addr"], answer["destination_addr"]) == ("48600333444", "48500700800")
        assert (answer["short_message"], answer["data_coding"]) == ("Zażółć".encode("utf-16-be"), 8)
        assert answer["esm_class"] == 0
        # Who writes by itself reaches everybody who may use the number.
        telco.say("48600333555", "48500700800", b"Hello", esm_class=0x40 & 0)
        for each in (peer, other):
            assert each.receipt().fields["short_message"] == b"Hello"
        assert stored(base, str(name.fields["message_id"])).sender == "+48500700800"
        assert octets_of(stored(base, str(name.fields["message_id"]))) == b"Hej"
    assert not waiting(base, stranger.id)
