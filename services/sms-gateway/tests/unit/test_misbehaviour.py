"""What carriers do that they should not, and what becomes of the messages."""

from __future__ import annotations

import pytest
from raw_carrier import Carrier, Work, answer_to, played, until

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import Command

UNBIND = smpp.encode(smpp.Pdu(Command.UNBIND, 900))


def test_an_unanswered_submit_is_given_up_and_the_bind_made_anew() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        def answer_all_but_one(pdu: smpp.Pdu, writer: object) -> None:
            if len(carrier.submits()) != 1:
                carrier.answer(pdu, carrier.writers[-1])

        carrier.on_submit = answer_all_but_one
        await until(lambda: carrier.binds() == 2)
        assert work.lost_parts == [0]
        assert sorted(number for number, _, _ in work.answers) == [1, 2, 3, 4]
        assert any(pdu.command == Command.UNBIND for pdu in carrier.requests)

    played(5, play, response_timeout=0.3)


def test_what_was_sent_later_is_waited_for_before_the_bind_is_made_anew() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 1)
        await until(lambda: link.in_flight == 1)
        work.queue.extend(more.queue)
        link.fill()
        await until(lambda: work.lost_parts)  # the first; the others have a moment
        for pdu in carrier.submits()[1:]:
            carrier.answer(pdu, carrier.writers[0])
        await until(lambda: carrier.binds() == 2)
        assert len(work.lost_parts) + len(work.answers) == 3
        assert 0 in work.lost_parts

    more = Work(2)
    played(1, play, response_timeout=0.4)


@pytest.mark.parametrize("end", [b"\xff" * 64, b"\0" * 64, UNBIND], ids=["noise", "zeros", "unbind"])
def test_answers_in_the_same_read_as_the_end_are_taken(end: bytes) -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 5)
        carrier.writers[0].write(b"".join(map(answer_to, carrier.submits())) + end)
        await until(lambda: carrier.binds() == 2)
        assert sorted(number for number, _, _ in work.answers) == [0, 1, 2, 3, 4]
        assert not work.lost_parts
        assert len(carrier.submits()) == 5 or carrier.submits()[5].sequence == 2  # on the new bind alone

    played(20, play, window=5)


def test_after_the_carriers_unbind_nothing_is_sent_and_answers_are_waited_for() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 5)
        carrier.writers[0].write(UNBIND)
        carrier.answer(carrier.submits()[0], carrier.writers[0])
        await until(lambda: work.answers)
        assert not any(pdu.command == Command.UNBIND_RESP for pdu in carrier.requests)
        for pdu in carrier.submits()[1:5]:
            carrier.answer(pdu, carrier.writers[0])
        await until(lambda: any(pdu.command == Command.UNBIND_RESP for pdu in carrier.requests))
        last = [pdu.command for pdu in carrier.requests].index(Command.UNBIND_RESP)
        assert sum(pdu.command == Command.SUBMIT_SM for pdu in carrier.requests[:last]) == 5
        assert len(work.answers) == 5 and not work.lost_parts

    played(20, play, window=5)


def test_a_bind_that_is_closed_at_once_is_made_again_ever_more_slowly() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        carrier.closes_at_once = True
        await until(lambda: carrier.binds() >= 3)
        assert link._backoff >= 1.0

    played(0, play)


def test_an_alert_is_not_answered() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: link.is_bound)
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.ALERT_NOTIFICATION, 70)))
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.ENQUIRE_LINK, 71)))
        await until(lambda: any(pdu.sequence == 71 for pdu in carrier.requests))
        assert not any(pdu.sequence == 70 for pdu in carrier.requests)

    played(0, play)


def test_a_submit_that_the_carrier_does_not_understand_is_answered_by_its_nack() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 1)
        number = carrier.submits()[0].sequence
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.GENERIC_NACK, number, 3)))
        await until(lambda: work.answers == [(0, 3, "")])

    played(1, play)


def test_a_pdu_that_comes_byte_by_byte_costs_no_more_than_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look into what came takes all of it in hand: there may be a few of them, not one for each byte."""

    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 2)
        connection, looks, unpack = link.connection, [0], smpp.unpack_header
        assert connection is not None

        def counted(*given: object) -> tuple[int, int, int, int]:
            looks[0] += 1
            return unpack(*given)

        monkeypatch.setattr(smpp, "unpack_header", counted)
        long = smpp.encode(smpp.Pdu(Command.GENERIC_NACK, 999)) + answer_to(carrier.submits()[0])
        unknown = (
            (20_000).to_bytes(4, "big") + smpp.encode(smpp.Pdu(Command.ENQUIRE_LINK_RESP, 998))[4:] + b"x" * 19_984
        )
        for octet in long + unknown + answer_to(carrier.submits()[1]):
            connection.data_received(bytes([octet]))
        assert [number for number, _, _ in work.answers] == [0, 1]
        assert looks[0] <= 2 * 4  # of each PDU: where it ends, and what it is

    played(2, play)
