# ruff: noqa: E501 - a row of a table is a line
"""ESMEs that misbehave, on a bind of a partner with nothing left to prove; each goes on with a message that is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peer_case import Case, Elsewhere
from smpp_partners import Partner
from smpp_peer import Peer, submit_fields

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import HEADER_SIZE, RESPONSE, Command, Status, Tag
from sms_gateway.smpp.pdu import Pdu

Play = Callable[[Peer, Partner], None]
NUMBER = 5_000


def answer_of(peer: Peer, body: bytes, command: int = Command.SUBMIT_SM) -> Pdu:
    """The answer to a body as it is; of a submit_multi without its fields, whose layout no table has."""
    peer.write(smpp.pack_header(HEADER_SIZE + len(body), command, 0, NUMBER) + body)
    if command != Command.SUBMIT_MULTI:
        return peer.wait_for(Command(command | RESPONSE), NUMBER)
    octets = b""
    while len(octets) < HEADER_SIZE or len(octets) < int.from_bytes(octets[:4], "big"):
        octets += peer.socket.recv(4096)
    _, answered, status, sequence = smpp.unpack_header(octets)
    assert (answered, sequence) == (command | RESPONSE, NUMBER)
    return Pdu(answered, sequence, status, {"body": octets[HEADER_SIZE:]})


def submits(status: Status, tlvs: dict[int, bytes] | None = None, **fields: Any) -> Play:
    """A submit_sm with these fields is answered so."""

    def play(peer: Peer, _made: Partner) -> None:
        assert peer.submit(tlvs=tlvs, **fields).status == status

    return play


def asks(command: Command, status: Status, **fields: Any) -> Play:
    def play(peer: Peer, _made: Partner) -> None:
        assert peer.ask(command, fields).status == status

    return play


def sends(command: Command, body: bytes, status: Status) -> Play:
    def play(peer: Peer, _made: Partner) -> None:
        assert answer_of(peer, body, command).status == status

    return play


def multi(destinations: bytes) -> bytes:
    """The body of a submit_multi to these: their number, and what stands there of them."""
    return b"\0\5\0Wici\0" + destinations + bytes(3) + b"\0\0\1\0\0\0\3Hej"


def in_part(peer: Peer, _made: Partner) -> None:
    body = multi(b"\2\1\1\x0148600100200\0\2friends\0")
    found = answer_of(peer, body, Command.SUBMIT_MULTI)
    name, _, unsuccessful = bytes(found.fields["body"]).partition(b"\0")  # type: ignore[arg-type]
    assert (found.status, len(name)) == (Status.OK, 24)
    assert unsuccessful == b"\1\0\0friends\0" + int(Status.INVALID_LIST_NAME).to_bytes(4, "big")


def sets_a_status(peer: Peer, _made: Partner) -> None:
    peer.write(smpp.encode(Pdu(Command.SUBMIT_SM, NUMBER, Status.SYSTEM_ERROR, submit_fields())))
    assert peer.wait_for(Command.SUBMIT_SM_RESP, NUMBER).status == Status.OK


def answers_what_was_not_delivered(peer: Peer, _made: Partner) -> None:
    for number in (0, 1, 0x7FFFFFFF):
        peer.write(smpp.pack_header(HEADER_SIZE + 1, Command.DELIVER_SM_RESP, 0, number) + b"\0")


def answers_an_unbind_that_was_not(peer: Peer, _made: Partner) -> None:
    peer.write(smpp.pack_header(HEADER_SIZE, Command.UNBIND_RESP, 0, 1))


def repeats_a_parameter(peer: Peer, _made: Partner) -> None:
    tlv = smpp.encode_tlvs({Tag.SAR_TOTAL_SEGMENTS: b"\1"})
    body = smpp.encode(Pdu(Command.SUBMIT_SM, 1, 0, submit_fields()))[HEADER_SIZE:]
    more = smpp.encode_tlvs({Tag.SAR_MSG_REF_NUM: b"\0\1", Tag.SAR_SEGMENT_SEQNUM: b"\1"})
    assert answer_of(peer, body + tlv + more + tlv).status == Status.OK


def sends_a_parameter_of_its_own(peer: Peer, _made: Partner) -> None:
    assert peer.submit(tlvs={0x1400: b"x" * 200, 0x3FFF: b""}).status == Status.OK


def says_unbind_twice(peer: Peer, _made: Partner) -> None:
    again = smpp.pack_header(HEADER_SIZE, Command.UNBIND, 0, NUMBER + 1)
    late = smpp.encode(Pdu(Command.SUBMIT_SM, NUMBER + 2, 0, submit_fields()))
    peer.write(smpp.pack_header(HEADER_SIZE, Command.UNBIND, 0, NUMBER) + again + late)
    seen = []
    while (pdu := peer.read()) is not None:
        seen.append((pdu.command, pdu.status))
    assert seen.count((Command.UNBIND_RESP, 0)) == 1
    assert (Command.SUBMIT_SM_RESP, Status.OK) not in seen


HERE = "integration/smpp_server/test_misbehaviour.py::"
ESME_CASES: list[Case | Elsewhere] = [
    Elsewhere("connects and says nothing", "the end after `SMPP_SESSION_INIT_SECONDS`", HERE + "test_who_says_nothing_is_not_waited_for"),
    Elsewhere("sends a byte at a time, or many PDUs in one write", "all answered in order", HERE + "test_bytes_may_be_split_and_joined_anywhere"),
    Elsewhere("sends messages behind a bind that is not answered yet", "all answered", HERE + "test_messages_may_follow_a_bind_that_is_not_answered_yet"),
    Elsewhere("says a `command_length` under 16, over 128 KiB, or over 512 before it is bound", "`generic_nack` `ESME_RINVCMDLEN`, then the end: nobody knows where the next PDU begins", HERE + "test_a_length_that_cannot_be_ends_the_connection"),
    Elsewhere("speaks HTTP, TLS to the plain port, or plain to the TLS port", "the same, or a failed handshake", HERE + "test_another_protocol_is_not_spoken"),
    Elsewhere("sends commands that do not exist, or `outbind`, `alert_notification`, `deliver_sm`, as only an SMSC may", "`generic_nack` `ESME_RINVCMDID`", HERE + "test_what_is_no_request_of_an_esme_is_refused_by_itself"),
    Elsewhere("makes a hundred faults in a row", "the end", HERE + "test_a_hundred_faults_in_a_row_are_enough"),
    Elsewhere("submits before it is bound, or bound as a receiver; binds twice", "`ESME_RINVBNDSTS`; `ESME_RALYBND`", HERE + "test_the_state_of_a_bind_is_kept_to"),
    Elsewhere("leaves out a NUL, cuts a body short, lets an optional parameter run over the end", "the status of that field; the connection goes on", HERE + "test_a_broken_body_is_answered_and_the_connection_goes_on"),
    Elsewhere("repeats a sequence number, sends 0 or 0xffffffff", "answered with the same number", HERE + "test_any_sequence_number_comes_back"),
    Elsewhere("guesses passwords", "the same answer each time, slower from the third on, up to 8 s; of its address (IPv6: its /64) five at once are looked at, and none whose connection is gone", HERE + "test_who_guesses_learns_nothing_and_locks_nobody_out"),
    Elsewhere("never answers an `enquire_link`", "its end after `SMPP_RESPONSE_SECONDS`", HERE + "test_who_does_not_answer_an_enquiry_is_gone"),
    Elsewhere("reads nothing", "nothing more is read of it, 256 KiB at most wait for it, and its end after `SMPP_RESPONSE_SECONDS`", HERE + "test_who_reads_nothing_is_read_no_more_and_ended"),
    Elsewhere("sends `unbind` with messages unanswered", "their answers first", HERE + "test_unbind_comes_after_the_answers"),
    Elsewhere("opens more connections than an address (IPv6: its /64) may", "the end at once for those over it", HERE + "test_an_address_has_so_many_connections_and_no_more"),
    Elsewhere("sends 1,200 PDUs of nonsense on sixty connections", "no hang, no growth, no traceback", HERE + "test_random_bytes_neither_hang_nor_grow_it"),
    Case("sends an empty message", "`ESME_RINVMSGLEN`", submits(Status.INVALID_MESSAGE_LENGTH, text=b"")),
    Case("sends more than 255 parts", "`ESME_RINVMSGLEN`", submits(Status.INVALID_MESSAGE_LENGTH, {Tag.MESSAGE_PAYLOAD: b"x" * 60_000}, text=b"")),
    Case("sends a user data header that is longer than its message", "`ESME_RINVMSGLEN`", submits(Status.INVALID_MESSAGE_LENGTH, esm_class=0x40, text=b"\xffx")),
    Case("sends a short_message and a message_payload", "0xc4", submits(Status.INVALID_PARAMETER_VALUE, {Tag.MESSAGE_PAYLOAD: b"x"})),
    Case("sends one of the three SAR parameters", "0xc4", submits(Status.INVALID_PARAMETER_VALUE, {Tag.SAR_TOTAL_SEGMENTS: b"\2"})),
    Case("sends part 3 of 2", "0xc4", submits(Status.INVALID_PARAMETER_VALUE, {Tag.SAR_MSG_REF_NUM: b"\0\1", Tag.SAR_TOTAL_SEGMENTS: b"\2", Tag.SAR_SEGMENT_SEQNUM: b"\3"})),
    Case("sends a SAR parameter of the wrong size", "0xc2", submits(Status.INVALID_PARAMETER_LENGTH, {Tag.SAR_TOTAL_SEGMENTS: b"\0\2"})),
    Case("repeats an optional parameter", "the last counts", repeats_a_parameter),
    Case("sends optional parameters of its own", "they are kept, for carriers that are given them", sends_a_parameter_of_its_own),
    Case("sends more than a kilobyte of them", "0xc2", submits(Status.INVALID_PARAMETER_LENGTH, {0x1400: bytes(1_025)})),
    Case("sets the esm_class of a receipt", "`ESME_RINVESMCLASS`", submits(Status.INVALID_ESM_CLASS, esm_class=0x04)),
    Case("sets a priority over 3", "`ESME_RINVPRTFLG`", submits(Status.INVALID_PRIORITY, priority_flag=9)),
    Case("sets replace_if_present_flag", "`ESME_RINVREPFLAG`", submits(Status.INVALID_REPLACE_FLAG, replace_if_present_flag=1)),
    Case("names a message of ours by sm_default_msg_id", "`ESME_RINVDFTMSGID`", submits(Status.INVALID_DEFAULT_MESSAGE, sm_default_msg_id=1)),
    Case("schedules for a time that is none", "`ESME_RINVSCHED`", submits(Status.INVALID_SCHEDULE, schedule_delivery_time="tomorrow")),
    Case("gives a validity that is over", "`ESME_RINVEXPIRY`", submits(Status.INVALID_EXPIRY, validity_period="200101000000000+")),
    Case("sends from somebody else's sender ID", "`ESME_RINVSRCADR`", submits(Status.INVALID_SOURCE, source_addr="Bank")),
    Case("sends to letters, or to nobody", "`ESME_RINVDSTADR`", submits(Status.INVALID_DESTINATION, to="hello")),
    Case("sets a command_status in a request", "it is ignored", sets_a_status),
    Case("says it sends to more numbers than follow", "`ESME_RINVNUMDESTS`", sends(Command.SUBMIT_MULTI, b"\0\5\0Wici\0\xfe\1\1\x0148600100200\0", Status.INVALID_NUMBER_OF_DESTINATIONS)),
    Case("sends to no number at all", "`ESME_RINVNUMDESTS`", sends(Command.SUBMIT_MULTI, multi(b"\0"), Status.INVALID_NUMBER_OF_DESTINATIONS)),
    Case("sends to a number and to a distribution list", "the number gets it; the list is told as unsuccessful", in_part),
    Case("asks about a message of somebody else, or about none", "`ESME_RINVMSGID`", asks(Command.QUERY_SM, Status.INVALID_MESSAGE_ID, message_id="0" * 24)),
    Case("asks about what is no id", "`ESME_RINVMSGID`", asks(Command.QUERY_SM, Status.INVALID_MESSAGE_ID, message_id="x" * 64)),
    Case("cancels without an id", "`ESME_RCANCELFAIL`", asks(Command.CANCEL_SM, Status.CANCEL_FAILED, source_addr="Wici")),
    Case("sends a query without its NUL", "the status of that field", sends(Command.QUERY_SM, b"y" * 70, Status.INVALID_MESSAGE_ID)),
    Case("answers deliveries that were not made", "nothing", answers_what_was_not_delivered),
    Case("answers an `unbind` that was not said", "nothing", answers_an_unbind_that_was_not),
    Case("says `unbind` twice, and sends on", "one `unbind_resp`, then the end; what came behind is not taken", says_unbind_twice, {"ends": True}),
    Elsewhere("sends more than its window or rate", "`ESME_RTHROTTLED` for what is over it", "integration/smpp_server/test_binds_and_messages.py::test_the_rate_and_the_window_throttle"),
    Elsewhere("sends as fast as it can while the server stops", "what is stored is answered; the rest is `ESME_RTHROTTLED`", "integration/smpp_server/test_ends.py::test_a_stop_answers_what_is_stored_of_a_partner_who_never_stops_sending"),
    Elsewhere("does not answer a `deliver_sm`, or with an error", "it comes again less and less often, for three days; others go on", "integration/smpp_server/test_receipts_and_answers.py::test_what_is_not_acknowledged_comes_again"),
]  # fmt: skip
