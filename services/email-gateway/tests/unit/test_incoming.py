"""What mails that come in say: reports, the words of programs without them, auto-replies, complaints."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from email.message import EmailMessage
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import MessageState
from email_gateway.content import verp
from email_gateway.domain.mailroom import SoftRule
from email_gateway.domain.retrying import STATE_OF_RESULT
from email_gateway.incoming.reading import Reading, Said, read
from email_gateway.mailroom.connection import CHUNK, StrictLines
from email_gateway.mailroom.doors import HELD_OCTETS, HELD_OF_ADDRESS, Doors
from email_gateway.smtp.inbound_wire import TooLong
from email_gateway.smtp.verdicts import said_later

KEYS = [b"k" * 32, b"o" * 32]
HARD, SOFT, SPAM = MessageState.HARD_BOUNCED, MessageState.SOFT_BOUNCED, MessageState.SPAM_BOUNCED


def mail(body: str, subject: str = "failure notice", author: str = "MAILER-DAEMON@mx.example", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"From: {author}", f"Subject: {subject}", *lines, "", body.replace("\n", "\r\n")]).encode()


def report(fields: str, words: str = "Your mail was not delivered.") -> bytes:
    made = (
        "From: postmaster@mx.example\nSubject: Undeliverable\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{words}\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n\n{fields}\n\n--b--\n"
    )
    return made.replace("\n", "\r\n").encode()


QMAIL = """Hi. This is the qmail-send program at mx.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<jan@k.example>:
{reason}

--- Below this line is a copy of the message.

Return-Path: <b0@bounces.sklep.example>
Subject: your account has been closed, no such user
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  jan@k.example
    {reason}

------ This is a copy of the message, including all the headers. ------

Subject: no such user
"""
GMAIL = """Delivery to the following recipient failed permanently:

     jan@k.example

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient domain k.example.

The error that the other server returned was:
{reason}

----- Original message -----

no such user
"""


@pytest.mark.parametrize(
    ("octets", "state"),
    [
        # reports: Postfix, Exchange, Exchange Online, Exim, Gmail
        (report("Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <j@k.example>: User unknown"), HARD),
        (report("Action: failed\nStatus: 5.1.1", "The e-mail account does not exist."), HARD),
        (
            report(
                "Action: failed\nStatus: 5.1.10\n"
                "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by lookup"
            ),
            HARD,
        ),
        (report("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 Mailbox quota exceeded"), SOFT),
        (report("Action: failed\nStatus: 5.2.2\nDiagnostic-Code: X-Notes; Mailbox full"), SOFT),
        (report("Action: failed\nStatus: 4.4.1\nDiagnostic-Code: smtp; The recipient server did not accept"), SOFT),
        (report("Action: failed\nStatus: 4.1.1\nDiagnostic-Code: smtp; 450 4.1.1 user unknown, try later"), SOFT),
        (report("Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550-5.7.1 likely unsolicited mail"), SPAM),
        (report("Action: failed (bad destination mailbox)\nStatus: 5.7.26\nDiagnostic-Code: smtp; 550 no"), SPAM),
        # words
        (mail(QMAIL.format(reason="Sorry, no mailbox here by that name. (#5.1.1)")), HARD),
        (mail(QMAIL.format(reason="192.0.2.1 does not like recipient.\nRemote host said: 550 unknown user")), HARD),
        (mail(QMAIL.format(reason="The message was too large for me.")), SOFT),
        (mail("Returned mail\n\n<jan@k.example>: Requested action not taken: mailbox unavailable.\n"), HARD),
        (mail(QMAIL.format(reason="This account is over quota.")), SOFT),
        (mail(EXIM.format(reason="Unrouteable address"), X_Failed_Recipients="jan@k.example", author="a@b"), HARD),
        (mail(EXIM.format(reason="550-5.7.1 blocked using zen.spamhaus.org")), SPAM),
        (mail(EXIM.format(reason="retry timeout exceeded")), SOFT),
        (mail(GMAIL.format(reason="550 5.1.1 no such user here"), "Delivery Status Notification (Failure)"), HARD),
        (mail(GMAIL.format(reason="552 5.2.2 over quota")), SOFT),
        (mail("Nie można dostarczyć wiadomości.\n550 konto nie istnieje", "Zwrot poczty"), HARD),
    ],
)
def test_a_failure_is_judged_by_what_the_server_said(octets: bytes, state: MessageState) -> None:
    reading = read(octets)

    assert reading.said is Said.FAILED
    assert reading.reply is not None
    assert STATE_OF_RESULT[said_later(reading.reply)[0]] is state, reading


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (report("Action: delayed\nStatus: 4.4.1\nWill-Retry-Until: tomorrow"), Said.DELAYED),
        (report("Action: relayed\nStatus: 2.0.0"), Said.DELAYED),
        (report("Action: delivered\nStatus: 2.0.0"), Said.DELAYED),
        (mail("A message that you sent has not yet been delivered.", "Warning: message delayed"), Said.DELAYED),
        (mail("I am away", "Out of office: offer", "jan@k.example"), Said.AUTO_REPLY),
        (mail("Jan no longer works here, this mailbox will be deleted: user unknown", "x", "j@k", Auto_Submitted="auto-replied"), Said.AUTO_REPLY),  # noqa: E501
        (mail("Nie ma mnie", "Odpowiedź automatyczna: oferta", "jan@k.example"), Said.AUTO_REPLY),
        (mail("550 user unknown", "Automatic reply: offer", "postmaster@k.example"), Said.AUTO_REPLY),
        (mail("x", "Re: offer", "jan@k.example", Precedence="auto_reply"), Said.AUTO_REPLY),
        (mail("Please write to me at work, could not be delivered", "Re: offer", "jan@k.example"), Said.UNREAD),
        (b"", Said.UNREAD),
        (b"\xff\xfe\x00", Said.UNREAD),
        (b"Content-Type: multipart/report\r\n\r\n", Said.UNREAD),
        (b"Content-Type: message/delivery-status\r\n\r\n\r\n\r\n", Said.UNREAD),
        (b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff", Said.UNREAD),
    ],
)  # fmt: skip
def test_what_is_no_failure_is_told_apart(octets: bytes, said: Said) -> None:
    assert read(octets).said is said


def test_a_complaint_of_the_older_form_names_its_message_by_the_mail_inside() -> None:
    """JMRP before it sent ARF: the mail as it was, attached."""
    address = verp.encode(uuid4(), "bounces.sklep.example", KEYS[0])
    inside = EmailMessage()
    inside["Return-Path"], inside["X-HmXmrOriginalRecipient"] = f"<{address}>", "jan@hotmail.com"
    inside.set_content("Hello")
    outside = EmailMessage()
    outside["From"], outside["Subject"] = "staff@hotmail.com", "complaint about message from 192.0.2.1"
    outside.add_attachment(inside)

    reading = read(outside.as_bytes())

    assert reading == Reading(Said.COMPLAINT, addresses=(address.partition("@")[0],))


@given(st.binary(max_size=2000))
def test_any_bytes_are_read(octets: bytes) -> None:
    assert isinstance(read(octets), Reading)
    assert isinstance(read(report("Action: failed\nStatus: 5.1.1").replace(b"User", octets)), Reading)


@given(st.uuids(), st.sampled_from(list(verp.Kind)), st.integers(0, 42), st.characters(codec="ascii"))
def test_an_address_is_read_by_its_keys_and_its_kind_alone(
    message_id: UUID, kind: verp.Kind, place: int, other: str
) -> None:
    address = verp.encode(message_id, "b.example", KEYS[1], kind)

    assert verp.decode(address.upper(), KEYS, kind) == message_id
    assert verp.decode(address, KEYS[:1], kind) is None
    assert all(verp.decode(address, KEYS, each) is None for each in verp.Kind if each is not kind)
    changed = address[:place] + other + address[place + 1 :]
    assert changed.lower() == address or verp.decode(changed, KEYS, kind) is None


@given(st.lists(st.integers(0, 60)), st.integers(1, 5), st.integers(1, 40))
def test_soft_bounces_count_by_day_and_for_so_long(ages: list[int], times: int, days: int) -> None:
    today = date(2026, 3, 1)
    met = SoftRule(times, days).is_met([today - timedelta(days=age) for age in ages], today)

    assert met == (len({age for age in ages if age < days}) >= times)
    assert not SoftRule(0, days).is_met([today], today)


def test_doors_count_by_address_and_in_all() -> None:
    doors = Doors(most=3, most_of_address=2)

    assert [doors.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert doors.enter("2001:db8::1") and not doors.enter("2001:db8::2")
    doors.leave("192.0.2.1")
    assert doors.enter("::ffff:192.0.2.9")


def test_what_comes_in_has_room_by_address_and_in_all() -> None:
    doors = Doors(most=3, most_of_address=2)
    share, addresses = HELD_OF_ADDRESS, [f"192.0.2.{number}" for number in range(HELD_OCTETS // HELD_OF_ADDRESS)]

    assert [doors.hold("192.0.2.0", share), doors.hold("192.0.2.0", 1)] == [True, False]
    assert all(doors.hold(address, share) for address in addresses[1:]) and not doors.hold("198.51.100.1", 1)
    doors.release("192.0.2.0", share)
    assert doors.hold("198.51.100.1", 1)


@given(st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"x"]), max_size=12).map(b"".join), st.integers(1, 5))
def test_a_mail_ends_where_its_end_is_however_it_is_cut(octets: bytes, cut: int) -> None:
    whole = octets + b"\r\n.\r\nNOOP\r\n"
    wanted, rest = (b"\r\n" + whole).split(b"\r\n.\r\n", 1)

    async def run() -> tuple[bytes | None, bytes]:
        reader = asyncio.StreamReader()
        lines = StrictLines(reader)
        reading = asyncio.create_task(lines.message(100, lambda _octets: True))
        for start in range(0, len(whole), cut):
            reader.feed_data(whole[start : start + cut])
            await asyncio.sleep(0)
        received = await reading
        reader.feed_eof()
        return received.octets, await reader.read()

    assert asyncio.run(run()) == ((wanted + b"\r\n").replace(b"\r\n.", b"\r\n")[2:], rest)


def test_of_what_is_too_large_or_has_no_room_nothing_is_kept() -> None:
    async def run(size: int, most: int, has_room: bool) -> tuple[bytes | None, int]:
        reader = asyncio.StreamReader(CHUNK)
        reading = asyncio.create_task(StrictLines(reader).message(most, lambda _octets: has_room))
        for _ in range(size // 1000):
            reader.feed_data(b"x" * 1000)
            await asyncio.sleep(0)
        reader.feed_data(b"\r\n.\r\n")
        received = await reading
        return received.octets, received.size

    assert asyncio.run(run(9_000, 9_002, True)) == (b"x" * 9_000 + b"\r\n", 9_002)
    assert asyncio.run(run(9_000, 9_001, True)) == (None, 9_002)
    assert asyncio.run(run(9_000, 10_000, False)) == (None, 9_002)
    assert asyncio.run(run(200_000, 100_000, True)) == (None, 200_002)
    with pytest.raises(TooLong):
        asyncio.run(run(500_000, 100_000, True))
