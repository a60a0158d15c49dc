"""The windowed client, against a carrier of a few lines that the tests hold by the hand."""

from __future__ import annotations

import asyncio

import pytest
from raw_carrier import Carrier, Work, played, until

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import Command, Status, Tag
from sms_gateway.smpp.receipts import Inbound, Receipt, Unread


def test_never_more_than_the_window_is_unanswered() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 10)
        await asyncio.sleep(0.1)  # nothing more comes: time is the subject
        assert len(carrier.submits()) == 10
        carrier.answer(carrier.submits()[3], carrier.writers[0])
        await until(lambda: len(carrier.submits()) == 11)
        assert work.answers == [(3, 0, f"id{carrier.submits()[3].sequence}")]

    played(50, play, window=10)


def test_a_lost_connection_reports_what_was_unanswered_and_binds_again() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: len(carrier.submits()) == 5)
        carrier.writers[0].transport.abort()
        await until(lambda: work.news.count("bound") == 2)
        assert sorted(work.lost_parts) == [0, 1, 2, 3, 4]
        await until(lambda: len(carrier.submits()) == 10)

    played(10, play, window=5)


def test_a_refused_bind_is_tried_again() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        carrier.bind_status = Status.INVALID_PASSWORD
        await until(lambda: "unbound" in work.news)
        assert not link.is_bound
        carrier.bind_status = 0
        await until(lambda: link.is_bound)

    played(0, play)


@pytest.mark.parametrize("status", [0, Status.INVALID_COMMAND_ID])
def test_a_nack_binds_nobody_whatever_its_status(status: int) -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        carrier.bind_answer, carrier.bind_status = Command.GENERIC_NACK, status
        await until(lambda: "unbound" in work.news)
        assert "bound" not in work.news and str(link.last_error).startswith("bind refused")

    played(0, play)


def test_a_silent_carrier_is_asked_and_then_left() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: any(pdu.command == Command.ENQUIRE_LINK for pdu in carrier.requests))
        await until(lambda: work.news.count("bound") == 2)

    played(0, play, enquire_every=0.1, answer_within=0.2)


def test_whatever_a_carrier_delivers_is_answered_and_nothing_with_an_error() -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: link.is_bound)
        good = {"esm_class": 4, "source_addr": "48600100200", "short_message": b"id:7 stat:DELIVRD err:000"}
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.DELIVER_SM, 41, 0, good)))
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.DELIVER_SM, 42, 0, {"esm_class": 4})))
        carrier.writers[0].write(smpp.encode(smpp.Pdu(Command.DELIVER_SM, 43, 0, {"short_message": b"STOP"})))
        carrier.writers[0].write(smpp.pack_header(18, Command.DELIVER_SM, 0, 44) + b"ab")
        data = smpp.Pdu(
            Command.DATA_SM, 45, 0, {"esm_class": 4}, {Tag.RECEIPTED_MESSAGE_ID: b"8", Tag.MESSAGE_STATE: b"\x02"}
        )
        carrier.writers[0].write(smpp.encode(data))
        await until(lambda: any(pdu.sequence == 45 for pdu in carrier.requests))
        answers = {pdu.sequence: (pdu.command, pdu.status) for pdu in carrier.requests if pdu.sequence > 40}
        assert answers == {
            **dict.fromkeys((41, 42, 43, 44), (Command.DELIVER_SM_RESP, 0)),
            45: (Command.DATA_SM_RESP, 0),
        }
        kinds = [type(each) for each in work.received]
        assert kinds == [Receipt, Unread, Inbound, Unread, Receipt]

    played(0, play)


@pytest.mark.parametrize("noise", [b"\xff" * 64, b"\0" * 64, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_noise_from_the_carrier_ends_the_connection_alone(noise: bytes) -> None:
    async def play(carrier: Carrier, work: Work, link: Link) -> None:
        await until(lambda: link.is_bound)
        carrier.writers[0].write(noise)
        await until(lambda: work.news.count("bound") == 2)

    played(0, play)
