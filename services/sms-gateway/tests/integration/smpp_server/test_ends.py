"""How it ends: killed at any moment, or asked to stop, with messages and deliveries under way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import smpplib.client
import smpplib.consts
import smpplib.gsm
from smpp_partners import Partner, Running, bound, message_id
from smpp_peer import Peer, submit_fields
from sqlalchemy import text

from chassis.database import Database, cursor_of
from chassis.testing import wait_until
from contracts.vocabulary import MessageState
from sms_gateway.batches import receipt_event
from sms_gateway.smpp.constants import Command, Status
from sms_gateway.store import smpp_deliveries

MESSAGES = 300


def submitted(peer: Peer, count: int, after: Callable[[int], Any] = lambda _answered: None) -> set[str]:
    """The ids of what was answered with 0 before the connection ended; `after` is called with how many there are."""
    for number in range(count):
        peer.send(Command.SUBMIT_SM, submit_fields(f"486{number:08d}"))
    names: set[str] = set()
    while len(names) < count and (pdu := peer.read()) is not None:
        if pdu.command == Command.SUBMIT_SM_RESP:
            assert pdu.status == Status.OK
            names.add(str(pdu.fields["message_id"]))
            after(len(names))
    return names


def on_disk(base: Database, names: set[str]) -> int:
    with base.transaction() as session:
        query = text("SELECT count(*) FROM ledger WHERE message_id = ANY(:ids)")
        return int(session.scalar(query, {"ids": [message_id(name) for name in names]}) or 0)


def end(base: Database, names: list[str], account_id: UUID) -> None:
    """The messages are delivered, as an outbound process learns it."""
    now = datetime.now(UTC).timestamp()
    with base.transaction() as session:
        events = [
            receipt_event(str(message_id(name)), str(account_id), None, now, MessageState.DELIVERED, "000")
            for name in names
        ]
        smpp_deliveries.add_receipts(cursor_of(session), events)


def waiting(base: Database, made: Partner) -> int:
    with base.transaction() as session:
        query = text("SELECT count(*) FROM smpp_deliveries WHERE smpp_account_id = :id")
        return int(session.scalar(query, {"id": made.id}) or 0)


def test_what_was_answered_is_there_after_a_kill(second: Running, base: Database, partner: Any) -> None:
    with bound(second, partner(window=1000)) as peer:
        names = submitted(peer, MESSAGES, lambda count: second.process.kill() if count == 20 else None)
    assert on_disk(base, names) == len(names) >= 20


def test_a_stop_answers_all_that_came_and_unbinds(second: Running, base: Database, partner: Any) -> None:
    made = partner(window=1000)
    with bound(second, made) as peer:
        sequences = [peer.send(Command.SUBMIT_SM, submit_fields(f"486{number:08d}")) for number in range(MESSAGES)]
        assert peer.wait_for(Command.SUBMIT_SM_RESP).status == Status.OK
        stopping = threading.Thread(target=second.process.stop)
        stopping.start()
        answered = 1
        while (pdu := peer.read()) is not None:
            if pdu.command == Command.SUBMIT_SM_RESP:
                answered += pdu.status == Status.OK
            elif pdu.command == Command.UNBIND:
                peer.answer(pdu)
                break
        stopping.join()
    # What it had not read yet when it stopped is not answered with 0, and not stored.
    assert stored_of(base, made) == answered <= len(sequences)


def test_a_stop_answers_what_is_stored_of_a_partner_who_never_stops_sending(
    second: Running, base: Database, partner: Any
) -> None:
    made = partner(window=1000)
    with bound(second, made) as peer:
        for _ in range(MESSAGES):
            peer.send(Command.SUBMIT_SM, submit_fields())
        stopping = threading.Thread(target=second.process.stop)
        answered = 0
        while (pdu := peer.read()) is not None:
            if pdu.command == Command.SUBMIT_SM_RESP:
                answered += pdu.status == Status.OK
                send_if_open(peer)
                if stopping.ident is None:
                    stopping.start()
        stopping.join()
    assert stored_of(base, made) == answered


def send_if_open(peer: Peer) -> None:
    try:
        peer.send(Command.SUBMIT_SM, submit_fields())
    except OSError:
        pass


def stored_of(base: Database, made: Partner) -> int:
    with base.transaction() as session:
        query = text("SELECT count(*) FROM ledger WHERE account_id = :account")
        return int(session.scalar(query, {"account": made.account_id}) or 0)


def test_receipts_of_a_killed_server_come_from_another_each_once(
    server: Running, second: Running, base: Database, partner: Any
) -> None:
    made = partner(window=100)
    with bound(server, made, "transmitter") as peer:
        names = [str(peer.submit(f"486{number:08d}").fields["message_id"]) for number in range(25)]
    with bound(second, made, "receiver") as peer:
        end(base, names, made.account_id)
        told = [peer.receipt() for _ in range(5)]
        wait_until(lambda: waiting(base, made) <= 20, what="that five are finished")
        second.process.kill()
    with base.transaction() as session:  # two minutes later
        session.execute(text("UPDATE smpp_deliveries SET due_at = now() WHERE due_at > now()"))
    with bound(server, made, "receiver") as peer:
        told += [peer.receipt() for _ in range(20)]
        wait_until(lambda: not waiting(base, made), what="that all are finished")
    assert {pdu.fields["short_message"].split()[0][3:].decode() for pdu in told} == set(names)


def test_two_servers_share_what_waits_and_nothing_comes_twice(
    server: Running, second: Running, base: Database, partner: Any
) -> None:
    made = partner(window=200)
    with bound(server, made) as first, bound(second, made, "receiver") as second:
        names = [str(first.submit(f"486{number:08d}").fields["message_id"]) for number in range(60)]
        end(base, names, made.account_id)
        told: list[Any] = []
        readers = [threading.Thread(target=drain, args=(peer, told)) for peer in (first, second)]
        for reader in readers:
            reader.start()
        wait_until(lambda: not waiting(base, made), what="that all are finished")
        for peer in (first, second):
            peer.send(Command.UNBIND)
        for reader in readers:
            reader.join()
    assert sorted(told) == sorted(names)


def drain(peer: Peer, told: list[str]) -> None:
    while (pdu := peer.read()) is not None:
        if pdu.command == Command.DELIVER_SM:
            told.append(pdu.fields["short_message"].split()[0][3:].decode())
            peer.answer(pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            peer.answer(pdu)


def test_a_client_of_others_sends_and_gets_its_receipt(server: Running, base: Database, partner: Any) -> None:
    """smpplib: long text in parts of its own, a query, and a receipt that it reads."""
    made = partner()
    client = smpplib.client.Client("127.0.0.1", server.port, allow_unknown_opt_params=True)
    names: list[str] = []
    receipts: list[Any] = []
    client.set_message_sent_handler(lambda pdu: names.append(pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: receipts.append(pdu) and 0)
    client.connect()
    client.bind_transceiver(system_id=made.system_id, password=made.password)
    parts, coding, kind = smpplib.gsm.make_parts("Zażółć gęślą jaźń " * 8)
    for part in parts:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_ALNUM, source_addr="Wici", dest_addr_ton=1, dest_addr_npi=1,
            destination_addr="48600100200", short_message=part, data_coding=coding, esm_class=kind,
            registered_delivery=True,
        )  # fmt: skip
    while len(names) < len(parts):
        client.read_once()
    end(base, names, made.account_id)
    while len(receipts) < len(parts):
        client.read_once()
    client.unbind()
    client.disconnect()
    assert on_disk(base, set(names)) == len(parts) == 3
    assert {pdu.receipted_message_id.decode().rstrip("\0") for pdu in receipts} == set(names)
