# ruff: noqa: E501 - a row of a table is a line
"""SMSCs that misbehave, against one bind of ours (`smpp.client.Link`); `count` messages wait to be sent."""

from __future__ import annotations

import asyncio

from peer_case import Case, Elsewhere
from raw_carrier import Carrier, Work, answer_to, until

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import HEADER_SIZE, Command, Status, Tag
from sms_gateway.smpp.receipts import Inbound, Receipt, Unread


def say(carrier: Carrier, *pdus: bytes) -> None:
    carrier.writers[-1].write(b"".join(pdus))


def bare(command: int, sequence: int, status: int = 0) -> bytes:
    return smpp.pack_header(HEADER_SIZE, command, status, sequence)


def answered_with(carrier: Carrier, sequence: int) -> list[tuple[int, int]]:
    """Commands and statuses of what was answered with that number."""
    return [(pdu.command, pdu.status) for pdu in carrier.requests if pdu.sequence == sequence]


async def still_there(carrier: Carrier, link: Link, sequence: int = 4_000) -> None:
    """The bind stands: what is asked behind all else is answered."""
    say(carrier, bare(Command.ENQUIRE_LINK, sequence))
    await until(lambda: answered_with(carrier, sequence) == [(Command.ENQUIRE_LINK_RESP, 0)])
    assert carrier.binds() == 1 and link.is_bound


async def bound_and_sent(carrier: Carrier, link: Link, count: int) -> list[smpp.Pdu]:
    await until(lambda: link.is_bound and len(carrier.submits()) == count)
    return carrier.submits()


async def never_answers_the_bind(carrier: Carrier, work: Work, link: Link) -> None:
    carrier.bind_answer = Command.ENQUIRE_LINK_RESP
    await until(lambda: carrier.binds() == 1)
    await asyncio.sleep(0.2)  # nothing is sent meanwhile: time is the subject
    assert not link.is_bound and not carrier.submits()


async def answers_another_bind(carrier: Carrier, work: Work, link: Link) -> None:
    carrier.bind_answer = Command.BIND_RECEIVER_RESP
    await until(lambda: carrier.binds() == 1)
    await asyncio.sleep(0.2)
    assert not link.is_bound and not carrier.submits()


async def answers_twice(carrier: Carrier, work: Work, link: Link) -> None:
    (sent,) = await bound_and_sent(carrier, link, 1)
    say(carrier, answer_to(sent), answer_to(sent, Status.SYSTEM_ERROR), answer_to(sent))
    await still_there(carrier, link)
    assert work.answers == [(0, 0, f"id{sent.sequence}")]


async def answers_what_was_not_sent(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    say(carrier, *(answer_to(smpp.Pdu(Command.SUBMIT_SM, number)) for number in (0, 77, 0x7FFFFFFF, 0xFFFFFFFF)))
    await still_there(carrier, link)
    assert not work.answers


async def answers_backwards(carrier: Carrier, work: Work, link: Link) -> None:
    sent = await bound_and_sent(carrier, link, 5)
    say(carrier, *map(answer_to, reversed(sent)))
    await until(lambda: len(work.answers) == 5)
    assert [number for number, _, _ in work.answers] == [4, 3, 2, 1, 0]


async def answers_without_an_id(carrier: Carrier, work: Work, link: Link) -> None:
    sent = await bound_and_sent(carrier, link, 2)
    empty = smpp.pack_header(HEADER_SIZE + 1, Command.SUBMIT_SM_RESP, 0, sent[1].sequence) + b"\0"
    say(carrier, bare(Command.SUBMIT_SM_RESP, sent[0].sequence), empty)
    await until(lambda: work.answers == [(0, 0, ""), (1, 0, "")])


async def answers_with_half_an_id(carrier: Carrier, work: Work, link: Link) -> None:
    (sent,) = await bound_and_sent(carrier, link, 1)
    say(carrier, smpp.pack_header(HEADER_SIZE + 3, Command.SUBMIT_SM_RESP, 0, sent.sequence) + b"abc")
    await until(lambda: work.answers == [(0, 0, "abc")])


async def answers_an_error_with_a_body(carrier: Carrier, work: Work, link: Link) -> None:
    (sent,) = await bound_and_sent(carrier, link, 1)
    body = b"id\0" + smpp.encode_tlvs({0x1400: b"x"})
    say(carrier, smpp.pack_header(HEADER_SIZE + len(body), Command.SUBMIT_SM_RESP, 8, sent.sequence) + body)
    await until(lambda: [(number, status) for number, status, _ in work.answers] == [(0, 8)])


async def answers_an_unknown_status(carrier: Carrier, work: Work, link: Link) -> None:
    (sent,) = await bound_and_sent(carrier, link, 1)
    say(carrier, answer_to(sent, 0xDEADBEEF))
    await until(lambda: [status for _, status, _ in work.answers] == [0xDEADBEEF])


async def refuses_by_nack_of_ok(carrier: Carrier, work: Work, link: Link) -> None:
    (sent,) = await bound_and_sent(carrier, link, 1)
    say(carrier, bare(Command.GENERIC_NACK, sent.sequence))
    await until(lambda: work.answers == [(0, int(Status.SYSTEM_ERROR), "")])


async def nacks_what_was_not_sent(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    say(carrier, bare(Command.GENERIC_NACK, 0, 1), bare(Command.GENERIC_NACK, 99, 3))
    await still_there(carrier, link)
    assert not work.answers


async def asks_all_the_time(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    say(carrier, *(bare(Command.ENQUIRE_LINK, number) for number in range(1, 501)))
    await until(lambda: sum(pdu.command == Command.ENQUIRE_LINK_RESP for pdu in carrier.requests) == 500)


async def asks_as_an_esme(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    asked = (Command.SUBMIT_SM, Command.SUBMIT_MULTI, Command.QUERY_SM, Command.CANCEL_SM, Command.REPLACE_SM)
    say(carrier, *(bare(command, number) for number, command in enumerate(asked, 100)))
    await still_there(carrier, link)
    for number in range(100, 100 + len(asked)):
        assert answered_with(carrier, number) == [(Command.GENERIC_NACK, Status.INVALID_COMMAND_ID)]


async def binds_to_us(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    outbind = smpp.encode(smpp.Pdu(Command.OUTBIND, 101, 0, {"system_id": "smsc", "password": "x"}))
    bind = smpp.encode(smpp.Pdu(Command.BIND_RECEIVER, 102, 0, {"system_id": "smsc", "password": "x"}))
    say(carrier, outbind, bind)
    await still_there(carrier, link)
    nack = [(Command.GENERIC_NACK, Status.INVALID_COMMAND_ID)]
    assert answered_with(carrier, 101) == answered_with(carrier, 102) == nack


async def sends_unknown_commands(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    say(carrier, bare(0x99, 100), bare(0x7FFFFFFF, 101), bare(0x80000099, 102), bare(0xFFFFFFFF, 103))
    await still_there(carrier, link)
    nack = [(Command.GENERIC_NACK, Status.INVALID_COMMAND_ID)]
    assert [answered_with(carrier, number) for number in (100, 101, 102, 103)] == [nack, nack, [], []]


async def answers_what_nobody_asked(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    unasked = (Command.ENQUIRE_LINK_RESP, Command.QUERY_SM_RESP, Command.DELIVER_SM_RESP, Command.BIND_TRANSCEIVER_RESP)
    say(carrier, *(bare(command, 200) for command in unasked))
    await still_there(carrier, link)
    assert work.news == ["bound"]


async def delivers_what_is_cut_short(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    whole = smpp.encode(smpp.Pdu(Command.DELIVER_SM, 1, 0, {"esm_class": 4, "short_message": b"id:7 stat:DELIVRD"}))
    cuts = range(HEADER_SIZE, len(whole) - 1, 4)
    say(carrier, *(len(whole[:cut]).to_bytes(4, "big") + whole[4:12] + (300 + cut).to_bytes(4, "big") + whole[16:cut]
                   for cut in cuts))  # fmt: skip
    await still_there(carrier, link)
    assert all(answered_with(carrier, 300 + cut) == [(Command.DELIVER_SM_RESP, 0)] for cut in cuts)
    assert {type(each) for each in work.received} == {Unread}


async def delivers_a_broken_parameter(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    whole = smpp.encode(smpp.Pdu(Command.DELIVER_SM, 60, 0, {"esm_class": 4, "short_message": b"id:7 stat:DELIVRD"}))
    broken = whole + b"\x04\x27\xff\xff\x02"
    say(carrier, len(broken).to_bytes(4, "big") + broken[4:])
    await until(lambda: answered_with(carrier, 60) == [(Command.DELIVER_SM_RESP, 0)])
    assert len(work.received) == 1
    await still_there(carrier, link)


async def delivers_a_payload(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    said = b"x" * 60_000
    pdu = smpp.Pdu(Command.DELIVER_SM, 61, 0, {"source_addr": "48600100200"}, {Tag.MESSAGE_PAYLOAD: said})
    say(carrier, smpp.encode(pdu))
    await until(lambda: answered_with(carrier, 61) == [(Command.DELIVER_SM_RESP, 0)])
    (found,) = work.received
    assert isinstance(found, Inbound) and found.body == said


async def delivers_one_number_twice(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    receipt = smpp.encode(smpp.Pdu(Command.DELIVER_SM, 62, 0, {"esm_class": 4, "short_message": b"id:7 stat:DELIVRD"}))
    say(carrier, receipt, receipt)
    await until(lambda: len(answered_with(carrier, 62)) == 2)
    assert [type(each) for each in work.received] == [Receipt, Receipt]  # the ledger knows them as one


async def delivers_before_it_answers_the_bind(carrier: Carrier, work: Work, link: Link) -> None:
    carrier.bind_answer = Command.ENQUIRE_LINK_RESP  # not yet
    await until(lambda: carrier.binds() == 1)
    receipt = smpp.encode(smpp.Pdu(Command.DELIVER_SM, 63, 0, {"esm_class": 4, "short_message": b"id:7 stat:DELIVRD"}))
    say(carrier, receipt, bare(Command.BIND_TRANSCEIVER_RESP, 1))
    await until(lambda: link.is_bound and answered_with(carrier, 63) == [(Command.DELIVER_SM_RESP, 0)])
    assert [type(each) for each in work.received] == [Receipt]


async def claims_a_length(carrier: Carrier, work: Work, link: Link, length: int) -> None:
    await until(lambda: link.is_bound)
    say(carrier, smpp.pack_header(length, Command.ENQUIRE_LINK, 0, 1))
    await until(lambda: carrier.binds() == 2)


async def a_length_too_small(carrier: Carrier, work: Work, link: Link) -> None:
    await claims_a_length(carrier, work, link, 15)


async def a_length_too_large(carrier: Carrier, work: Work, link: Link) -> None:
    await claims_a_length(carrier, work, link, 0x7FFFFFFF)


async def ends_within_a_pdu(carrier: Carrier, work: Work, link: Link) -> None:
    sent = await bound_and_sent(carrier, link, 2)
    say(carrier, answer_to(sent[0]), answer_to(sent[1])[:-3])
    await until(lambda: work.answers)
    carrier.writers[0].close()
    await until(lambda: carrier.binds() == 2)
    assert work.answers == [(0, 0, f"id{sent[0].sequence}")] and work.lost_parts == [1]


async def unbinds_twice(carrier: Carrier, work: Work, link: Link) -> None:
    await until(lambda: link.is_bound)
    say(carrier, bare(Command.UNBIND, 80), bare(Command.UNBIND, 81))
    await until(lambda: carrier.binds() == 2)
    assert answered_with(carrier, 80) == [(Command.UNBIND_RESP, 0)]


async def says_it_is_unbound(carrier: Carrier, work: Work, link: Link) -> None:
    sent = await bound_and_sent(carrier, link, 2)
    say(carrier, answer_to(sent[0]), bare(Command.UNBIND_RESP, 1))
    await until(lambda: carrier.binds() == 2)
    assert work.lost_parts == [1]


SLOW = {"count": 1, "window": 1}
SMSC_CASES: list[Case | Elsewhere] = [
    Elsewhere("refuses the bind", "is asked again, ever more slowly", "unit/test_client.py::test_a_refused_bind_is_tried_again"),
    Elsewhere("answers the bind by `generic_nack`, also one with status 0", "is not bound to", "unit/test_client.py::test_a_nack_binds_nobody_whatever_its_status"),
    Elsewhere("closes at once when it is bound to", "the next bind comes ever later, up to half a minute", "unit/test_misbehaviour.py::test_a_bind_that_is_closed_at_once_is_made_again_ever_more_slowly"),
    Case("takes the connection and never answers the bind", "gets no message, and the end after 10 s", never_answers_the_bind, {"count": 3}),
    Case("answers the bind as another kind of bind", "the same", answers_another_bind, {"count": 3}),
    Case("delivers before it has answered the bind", "its receipt is taken and acknowledged", delivers_before_it_answers_the_bind),
    Elsewhere("never answers a submit_sm", "the response time is over: bulk is `unknown`, codes leave again; the bind is made anew", "unit/test_misbehaviour.py::test_an_unanswered_submit_is_given_up_and_the_bind_made_anew"),
    Case("answers a submit_sm twice, the second time with an error", "the first answer counts", answers_twice, SLOW),
    Case("answers numbers that were never sent", "nothing", answers_what_was_not_sent),
    Case("answers in another order", "each answer is its message's", answers_backwards, {"count": 5}),
    Case("takes a message and gives no id", "the message is taken; no receipt can be matched by id", answers_without_an_id, {"count": 2}),
    Case("gives an id without its NUL", "the id as far as it came", answers_with_half_an_id, SLOW),
    Case("answers an error and a body behind it", "the error", answers_an_error_with_a_body, SLOW),
    Case("answers a status that no standard has", "the status, by the carrier's table of errors", answers_an_unknown_status, SLOW),
    Elsewhere("answers by `generic_nack`", "the message was refused with that status", "unit/test_misbehaviour.py::test_a_submit_that_the_carrier_does_not_understand_is_answered_by_its_nack"),
    Case("answers by `generic_nack` with status 0", "the message was refused: a nack accepts nothing", refuses_by_nack_of_ok, SLOW),
    Case("sends `generic_nack` for numbers that were never sent", "nothing", nacks_what_was_not_sent),
    Elsewhere("answers, and sends noise or `unbind` in the same write", "the answers are taken first", "unit/test_misbehaviour.py::test_answers_in_the_same_read_as_the_end_are_taken"),
    Elsewhere("sends `unbind` with messages unanswered", "nothing new; its answers are waited for, then `unbind_resp`", "unit/test_misbehaviour.py::test_after_the_carriers_unbind_nothing_is_sent_and_answers_are_waited_for"),
    Case("sends `unbind` twice", "one `unbind_resp`, and a new bind", unbinds_twice),
    Case("sends `unbind_resp` that nobody asked for", "the end; what is unanswered is `unknown` or leaves again", says_it_is_unbound, {"count": 2}),
    Case("ends within a PDU", "what was whole before it counts", ends_within_a_pdu, {"count": 2}),
    Case("says a `command_length` under 16", "the end, and a new bind", a_length_too_small),
    Case("says a `command_length` of 2 GiB", "the same", a_length_too_large),
    Elsewhere("speaks HTTP, or noise", "the same", "unit/test_client.py::test_noise_from_the_carrier_ends_the_connection_alone"),
    Elsewhere("sends its PDUs byte by byte", "they are read, at the cost of their bytes", "unit/test_misbehaviour.py::test_a_pdu_that_comes_byte_by_byte_costs_no_more_than_its_bytes"),
    Elsewhere("falls silent", "`enquire_link`, then the end and a new bind", "unit/test_client.py::test_a_silent_carrier_is_asked_and_then_left"),
    Case("sends five hundred `enquire_link` at once", "five hundred answers", asks_all_the_time),
    Elsewhere("sends `alert_notification`", "nothing: it has no answer", "unit/test_misbehaviour.py::test_an_alert_is_not_answered"),
    Case("asks what only an ESME may: submit_sm, submit_multi, query, cancel, replace", "`generic_nack` `ESME_RINVCMDID`", asks_as_an_esme),
    Case("sends `outbind` or a bind on our connection", "the same", binds_to_us),
    Case("sends commands and responses that do not exist", "the same for commands; nothing for responses", sends_unknown_commands),
    Case("answers what nobody asked", "nothing", answers_what_nobody_asked),
    Elsewhere("delivers what is no message, or a receipt by data_sm", "`deliver_sm_resp` or `data_sm_resp` with 0; what is not understood is kept for operators", "unit/test_client.py::test_whatever_a_carrier_delivers_is_answered_and_nothing_with_an_error"),
    Case("delivers a body that is cut short, anywhere", "the same", delivers_what_is_cut_short),
    Case("delivers an optional parameter that runs over the end", "the same", delivers_a_broken_parameter),
    Case("delivers a payload of 60,000 octets", "it is taken", delivers_a_payload),
    Case("delivers one receipt twice", "both are acknowledged; the ledger knows them as one", delivers_one_number_twice),
    Elsewhere("answers errors to everything", "its circuit opens, and its messages leave by the next carrier", "integration/test_ill_carriers.py::test_a_carrier_that_answers_errors_loses_its_traffic_to_the_second"),
    Elsewhere("takes one-time codes and says nothing, or errors", "the code leaves by the next carrier at once", "integration/test_ill_carriers.py::test_a_code_that_its_carrier_does_not_take_leaves_by_another_at_once"),
]  # fmt: skip
