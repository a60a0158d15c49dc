"""The server that partners bind to: two of them, a raw peer, and what is on disk when it is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from smpp_partners import EMPTY_HANDED, Running, asked_by, binds, bound, octets_of, stored
from smpp_peer import Peer, submit_fields
from sqlalchemy import text

from channel import account_networks, login_failures
from chassis.database import Database
from chassis.testing import wait_until
from sms_gateway.smpp import times
from sms_gateway.smpp.constants import Command, Status, Tag
from sms_gateway.usecases import smpp_accounts

# --- binds


@pytest.mark.parametrize("kind", ["transmitter", "receiver", "transceiver"])
def test_a_partner_binds_is_seen_and_unbinds(server: Running, base: Database, partner: Any, kind: str) -> None:
    made = partner()
    with bound(server, made, kind) as peer:
        (bind,) = wait_until(lambda: binds(base, made)["items"], what="that the bind is told of")
        assert (bind["kind"], bind["address"], bind["last_error"]) == (kind, "127.0.0.1", None)
        assert peer.ask(Command.ENQUIRE_LINK).status == Status.OK
        assert peer.ask(Command.UNBIND).status == Status.OK
        assert peer.has_ended()
    wait_until(lambda: not binds(base, made)["items"], what="the end of the bind")


def test_whoever_may_not_bind_is_told_the_same_and_its_owner_why(server: Running, base: Database, partner: Any) -> None:
    made, elsewhere = partner(), partner(ip_list=["192.0.2.0/24"])
    with Peer(server.port) as peer:
        answers = [
            peer.bind("nobody", "whatever"),
            peer.bind(made.system_id, "wrong"),
            peer.bind(elsewhere.system_id, elsewhere.password),
        ]
    assert set(answers) == {Status.BIND_FAILED}
    for each, reason in ((made, "password"), (elsewhere, "address")):
        told = wait_until(lambda each=each: binds(base, each)["last_refused"], what="the reason")
        assert (told["reason"], told["address"]) == (reason, "127.0.0.1")


def test_no_more_binds_than_there_may_be_over_two_servers(server: Running, second: Running, partner: Any) -> None:
    made = partner(max_binds=2)
    with bound(server, made), bound(second, made) as peer, Peer(second.port) as third:
        assert third.bind(made.system_id, made.password) == Status.ALREADY_BOUND
        peer.ask(Command.UNBIND)
        wait_until(lambda: third.bind(made.system_id, made.password) == Status.OK, what="room for another bind")


def test_a_change_reaches_a_bind_within_a_moment(server: Running, base: Database, partner: Any) -> None:
    for change in ({"enabled": False}, {"ip_list": ["192.0.2.0/24"]}, None):
        made = partner()
        asked = {**asked_by(made.account_id), "smpp_account_id": made.id}
        with bound(server, made) as peer:
            with base.transaction() as session:
                if change is None:
                    smpp_accounts.delete_smpp_account(session, **asked)
                else:
                    smpp_accounts.update_smpp_account(session, **asked, **change)
            assert peer.has_ended()


def test_a_new_password_ends_the_binds_that_the_old_one_made(server: Running, base: Database, partner: Any) -> None:
    made = partner()
    with bound(server, made) as stolen:
        with base.transaction() as session:
            asked = {**asked_by(made.account_id), "smpp_account_id": made.id}
            password = smpp_accounts.rotate_smpp_password(session, **asked)["password"]
        with bound(server, made._replace(password=password)) as peer:
            assert stolen.wait_for(Command.UNBIND)
            assert stolen.has_ended()
            assert peer.submit().status == Status.OK


def test_a_suspended_account_is_unbound_and_binds_no_more(server: Running, base: Database, partner: Any) -> None:
    made = partner()
    with bound(server, made) as peer:
        with base.transaction() as session:
            session.execute(
                text("INSERT INTO account_suspensions VALUES (:account, true, now(), 1)"), {"account": made.account_id}
            )
        assert peer.has_ended()
    with Peer(server.port) as peer:
        assert peer.bind(made.system_id, made.password) == Status.BIND_FAILED


def test_the_accounts_list_of_addresses_holds_at_both_servers(
    server: Running, second: Running, base: Database, partner: Any
) -> None:
    made = partner()

    def tell(version: int, *networks: str) -> None:
        with base.transaction() as session:
            account_networks.note(session, account_id=made.account_id, api=networks, version=version)

    tell(1, "127.0.0.0/8")
    with bound(server, made) as peer, bound(second, made) as other:
        tell(2, "192.0.2.0/24")
        assert peer.has_ended() and other.has_ended()
    for running in (server, second):
        with Peer(running.port) as peer:
            assert peer.bind(made.system_id, made.password) == Status.BIND_FAILED
    assert wait_until(lambda: binds(base, made)["last_refused"], what="the reason")["reason"] == "address"
    tell(3)
    with bound(second, made):
        pass


def test_failures_at_one_server_slow_the_next_try_at_another(
    server: Running, second: Running, base: Database, partner: Any
) -> None:
    made = partner()
    tried = f"system_id {made.system_id}"
    for running in (server, second):
        with Peer(running.port) as peer:
            assert peer.bind(made.system_id, "wrong") == Status.BIND_FAILED
    with base.transaction() as session:
        assert login_failures.count(session, tried) == 2

    with bound(server, made):
        pass

    with base.transaction() as session:
        assert login_failures.count(session, tried) == 0


# --- messages


def test_an_answer_follows_the_commit(server: Running, base: Database, partner: Any) -> None:
    made = partner(lane="otp")
    with bound(server, made) as peer:
        answer = peer.submit(text=b"Your code is 123456")
    assert answer.status == Status.OK
    row = stored(base, answer.fields["message_id"])
    assert (row.account_id, row.state, row.address) == (made.account_id, "accepted", "+48600100200")
    assert (row.lane, row.text, row.sender, row.parts) == ("otp", "Your code is 123456", "Wici", 1)


def test_many_in_flight_are_all_answered_each_once(server: Running, base: Database, partner: Any) -> None:
    made = partner(window=1000)
    with bound(server, made) as peer:
        sequences = [peer.send(Command.SUBMIT_SM, submit_fields(f"486{number:08d}")) for number in range(400)]
        answers = [peer.wait_for(Command.SUBMIT_SM_RESP) for _ in sequences]
    assert sorted(answer.sequence for answer in answers) == sequences
    assert len({answer.fields["message_id"] for answer in answers}) == 400
    with base.transaction() as session:
        query = text("SELECT count(*) FROM ledger WHERE account_id = :account")
        assert session.scalar(query, {"account": made.account_id}) == 400


REFUSED = [
    ({"source_addr": "Obcy"}, None, Status.INVALID_SOURCE),
    ({"destination_addr": "12"}, None, Status.INVALID_DESTINATION),
    ({"destination_addr": "600100200", "dest_addr_ton": 2}, None, Status.INVALID_DESTINATION),
    ({"short_message": b""}, None, Status.INVALID_MESSAGE_LENGTH),
    ({"esm_class": 0x40, "short_message": b"\5\0\3\1\2\1" + b"x" * 160}, None, Status.INVALID_MESSAGE_LENGTH),
    ({"esm_class": 0x04}, None, Status.INVALID_ESM_CLASS),
    ({"priority_flag": 9}, None, Status.INVALID_PRIORITY),
    ({"replace_if_present_flag": 1}, None, Status.INVALID_REPLACE_FLAG),
    ({"sm_default_msg_id": 1}, None, Status.INVALID_DEFAULT_MESSAGE),
    ({"schedule_delivery_time": "tomorrow"}, None, Status.INVALID_SCHEDULE),
    ({"schedule_delivery_time": "200101000000000+"}, None, Status.INVALID_SCHEDULE),
    ({"validity_period": "200101000000000+"}, None, Status.INVALID_EXPIRY),
    ({}, {Tag.MESSAGE_PAYLOAD: b"two"}, Status.INVALID_PARAMETER_VALUE),
    ({}, {Tag.SAR_TOTAL_SEGMENTS: b"\x02"}, Status.INVALID_PARAMETER_VALUE),
    ({}, {Tag.SAR_MSG_REF_NUM: b"\x02"}, Status.INVALID_PARAMETER_LENGTH),
]  # fmt: skip


def test_what_is_refused_is_refused_with_the_status_that_says_why(server: Running, partner: Any) -> None:
    with bound(server, partner()) as peer:
        found = [peer.submit(**{"tlvs": tlvs, **fields_of(fields)}).status for fields, tlvs, _ in REFUSED]
    assert found == [status for _, _, status in REFUSED]


def fields_of(fields: dict[str, Any]) -> dict[str, Any]:
    named = {"short_message": "text", "destination_addr": "to"}
    return {named.get(name, name): value for name, value in fields.items()}


def test_no_quota_is_a_failed_submit_and_holds_up_nobody_else(server: Running, partner: Any) -> None:
    poor, rich = partner(), partner()
    EMPTY_HANDED.add(str(poor.account_id))
    with bound(server, poor) as first, bound(server, rich) as second:
        assert first.submit().status == Status.SUBMIT_FAILED
        assert second.submit().status == Status.OK


def test_the_rate_and_the_window_throttle(server: Running, partner: Any) -> None:
    for settings in ({"rate": 1}, {"window": 1}):
        with bound(server, partner(**settings)) as peer:
            burst = [peer.send(Command.SUBMIT_SM, submit_fields()) for _ in range(20)]
            statuses = [peer.wait_for(Command.SUBMIT_SM_RESP).status for _ in burst]
        assert set(statuses) == {Status.OK, Status.THROTTLED}


def test_octets_are_kept_as_they_came(server: Running, base: Database, partner: Any) -> None:
    with bound(server, partner()) as peer:
        binary = peer.submit(text=bytes(range(140)), data_coding=4).fields["message_id"]
        part = peer.submit(text=b"\x05\x00\x03\x07\x02\x01" + b"a" * 153, esm_class=0x40).fields["message_id"]
        segment = peer.submit(
            text=b"b" * 100,
            tlvs={Tag.SAR_MSG_REF_NUM: b"\x01\x07", Tag.SAR_TOTAL_SEGMENTS: b"\x02", Tag.SAR_SEGMENT_SEQNUM: b"\x02"},
        ).fields["message_id"]
        payload = peer.submit(text=b"", tlvs={Tag.MESSAGE_PAYLOAD: b"c" * 400}).fields["message_id"]
        wide = peer.submit(text="Zażółć".encode("utf-16-be"), data_coding=8).fields["message_id"]
        data = peer.ask(
            Command.DATA_SM,
            {"source_addr": "Wici", "destination_addr": "48600100200", "registered_delivery": 1},
            {Tag.MESSAGE_PAYLOAD: b"by data_sm"},
        ).fields["message_id"]
    octets = {name: octets_of(stored(base, name)) for name in (binary, part, segment, payload, data)}
    assert octets[binary] == bytes(range(140))
    assert octets[part] == b"\x05\x00\x03\x07\x02\x01" + b"a" * 153
    assert octets[segment] == b"\x05\x00\x03\x07\x02\x02" + b"b" * 100
    assert (octets[payload], stored(base, payload).parts) == (b"c" * 400, 3)
    assert stored(base, wide).text == "Zażółć"
    assert octets[data] == b"by data_sm"


def test_times_are_absolute_or_relative(server: Running, base: Database, partner: Any) -> None:
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    with bound(server, partner()) as peer:
        absolute = peer.submit(schedule_delivery_time=times.absolute(later), validity_period="000001000000000R")
        relative = peer.submit(schedule_delivery_time="000000030000000R")
        brief = peer.submit(validity_period="000000000130000R")
    row = stored(base, absolute.fields["message_id"])
    assert row.due_at == later
    # A day from now on, of which three hours have passed when it leaves.
    assert 21 * 60 - 1 <= row.content["validity_minutes"] <= 21 * 60 + 1
    assert abs(stored(base, relative.fields["message_id"]).due_at - later) < timedelta(minutes=1)
    assert stored(base, brief.fields["message_id"]).content["validity_minutes"] == 2


def test_one_message_to_many(server: Running, base: Database, partner: Any) -> None:
    made = partner()
    with bound(server, made) as peer:
        body = b"\0\x05\0Wici\0\x04" + b"".join(
            (b"\x01\x01\x0148600100200\0", b"\x01\x01\x0148600100201\0", b"\x01\x01\x01nobody\0", b"\x02staff\0")
        )
        body += b"\0\0\0\0\0\x01\0\0\0\x03Hej"
        peer.write((16 + len(body)).to_bytes(4, "big") + b"\0\0\0\x21\0\0\0\0\0\0\0\x63" + body)
        answer = peer.socket.recv(4096)
    assert answer[4:16] == b"\x80\0\0\x21\0\0\0\0\0\0\0\x63"
    name, _, rest = answer[16:].partition(b"\0")
    assert rest[0] == 2  # a list, which there is none of, and what is no phone
    assert rest.count(b"nobody\0\0\0\0\x0b") == rest.count(b"staff\0\0\0\0\x34") == 1
    with base.transaction() as session:
        query = text("SELECT address FROM ledger WHERE account_id = :account ORDER BY message_id")
        assert session.scalars(query, {"account": made.account_id}).all() == ["+48600100200", "+48600100201"]
    assert stored(base, name.decode()).address == "+48600100200"


# --- what waits


def test_what_waits_is_asked_about_replaced_and_cancelled_by_its_owner_alone(
    server: Running, base: Database, partner: Any
) -> None:
    made, stranger = partner(), partner()
    with bound(server, made) as peer, bound(server, stranger) as other:
        name = peer.submit(schedule_delivery_time="000001000000000R", text=b"First").fields["message_id"]
        mine = {"message_id": name, "source_addr_ton": 5, "source_addr": "Wici"}
        for command in (Command.QUERY_SM, Command.CANCEL_SM, Command.REPLACE_SM):
            assert other.ask(command, mine).status == Status.INVALID_MESSAGE_ID
        assert peer.ask(Command.QUERY_SM, mine).fields["message_state"] == 1
        assert peer.ask(Command.REPLACE_SM, {**mine, "short_message": b"Second"}).status == Status.OK
        assert stored(base, name).text == "Second"
        assert octets_of(stored(base, name)) == b"Second"
        too_long = {**mine, "short_message": b"x" * 200}
        assert peer.ask(Command.REPLACE_SM, too_long).status == Status.REPLACE_FAILED
        assert peer.ask(Command.CANCEL_SM, mine).status == Status.OK
        assert peer.ask(Command.CANCEL_SM, mine).status == Status.CANCEL_FAILED
        asked = peer.ask(Command.QUERY_SM, mine)
        assert (asked.fields["message_state"], len(str(asked.fields["final_date"]))) == (4, 16)
        receipt = peer.receipt()
        assert b"stat:DELETED" in receipt.fields["short_message"]
        assert receipt.tlvs[Tag.RECEIPTED_MESSAGE_ID] == name.encode() + b"\0"
        assert peer.ask(Command.QUERY_SM, {"message_id": "nonsense"}).status == Status.INVALID_MESSAGE_ID
