"""The mailroom as a process: what comes in by SMTP changes the message that it is about, once."""

from __future__ import annotations

import gzip
import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database
from chassis.testing import LINK_KEYS, Launcher, RunningProcess, free_port, wait_until
from chassis.topology import event_queue
from contracts import tokens
from contracts.errors import NotFound
from contracts.events import EMAIL_RECIPIENT_UNSUBSCRIBED
from contracts.tokens import TokenKind
from email_gateway.config import unnamed_keys
from email_gateway.smtp.outcomes import SMARTHOST_ACCEPTED
from email_gateway.usecases import privacy, senders

from ..dmarc_reports import mail, record, xml
from .conftest import Heard
from .mailroom_peer import (
    FULL,
    HOST,
    complaint,
    deliver,
    letter,
    report,
    return_path,
    sent,
    state_of,
    unread,
    unsubscribe_address,
    waiting,
)


@dataclass
class Room:
    port: int
    process: RunningProcess


def launch_mailroom(launch: Launcher, **env: str) -> Room:
    port = free_port()
    settings = {"WICI_MAILROOM_PORT": str(port), "EMAIL_MAIL_HOST": HOST, "EMAIL_SOFT_BOUNCES": "2", **env}
    return Room(port, launch("email_gateway.mailroom", service="email_gateway", env=settings))


@pytest.fixture(scope="module")
def room(launch_once: Launcher) -> Room:
    return launch_mailroom(launch_once)


@pytest.fixture
def account_id() -> UUID:
    return uuid4()


def archived(heard: Heard, names: str) -> set[str]:
    """Of those whose address begins so: each test has names of its own, and hears what the one before left."""
    return {address for address in heard.archived if address.startswith(names)}


def test_a_report_that_nobody_is_there_makes_a_hard_bounce_and_archives(
    room: Room, database: Database, heard: Heard, account_id: UUID
) -> None:
    message_id = sent(database, account_id, "nobody@k.example")

    deliver(room.port, report(), return_path(message_id).upper())

    wait_until(lambda: archived(heard, "nobody"), what="the archive")
    assert state_of(database, message_id) == ("hard_bounced", "5.1.1")
    wait_until(lambda: heard.last_kinds(account_id) == {str(message_id): "hard_bounced"}, what="the event")
    assert waiting(database) == unread(database) == 0


@pytest.mark.parametrize(
    ("diagnostic", "state", "code"),
    [
        (FULL, "soft_bounced", "5.2.2"),
        ("smtp; 550 5.7.1 Message rejected as spam", "spam_bounced", "5.7.1"),
        ("smtp; 554 5.7.1 Client host blocked using zen.spamhaus.org", "spam_bounced", "5.7.1"),
        ("smtp; 450 4.1.1 user unknown, gave up after five days", "soft_bounced", "4.1.1"),
        ("X-Postfix; unknown reasons", "soft_bounced", "550"),
    ],
)
def test_what_speaks_of_anything_else_archives_nobody(
    room: Room, database: Database, heard: Heard, account_id: UUID, diagnostic: str, state: str, code: str
) -> None:
    message_id = sent(database, account_id, "somebody@k.example")

    deliver(room.port, report(diagnostic), return_path(message_id))

    wait_until(lambda: heard.last_kinds(account_id) == {str(message_id): state}, what="the event")
    assert state_of(database, message_id) == (state, code)
    assert archived(heard, "somebody") == set()


@pytest.mark.parametrize(
    ("quoted", "told"),
    [("", "there is no such mailbox"), ("Remote-MTA: dns; mx.k.example\r\n", "Recipient address rejected: no user")],
)
def test_what_our_smarthost_says_of_itself_is_told_by_its_meaning_alone(
    room: Room, database: Database, account_id: UUID, quoted: str, told: str
) -> None:
    message_id = sent(database, account_id, "relayed@k.example", detail=SMARTHOST_ACCEPTED)

    deliver(
        room.port, report("smtp; 550 5.1.1 Recipient address rejected: no user", more=quoted), return_path(message_id)
    )

    wait_until(lambda: state_of(database, message_id) == ("hard_bounced", "5.1.1"), what="the bounce")
    with database.transaction() as session:
        assert session.scalar(text("SELECT detail FROM ledger WHERE message_id = :id"), {"id": message_id}) == told


def test_a_mailbox_that_takes_nothing_on_several_days_counts_as_gone(
    room: Room, database: Database, heard: Heard, account_id: UUID
) -> None:
    first, second, other = (
        sent(database, account_id, address) for address in ("full1@k.example",) * 2 + ("full2@k.example",)
    )
    deliver(room.port, report(FULL), return_path(first))
    wait_until(lambda: state_of(database, first)[0] == "soft_bounced", what="the first day")
    with database.transaction() as session:
        session.execute(text("UPDATE soft_bounces SET day = day - 1"))

    deliver(room.port, report(FULL), return_path(second))
    deliver(room.port, report(FULL), return_path(other))

    wait_until(lambda: archived(heard, "full"), what="the archive")
    wait_until(lambda: state_of(database, other)[0] == "soft_bounced", what="the other's first day")
    assert state_of(database, second) == ("hard_bounced", "5.2.2")
    assert archived(heard, "full") == {"full1@k.example"}


def test_delays_and_replies_of_people_change_nothing(room: Room, database: Database, account_id: UUID) -> None:
    message_id = sent(database, account_id)
    holiday = letter(Auto_Submitted="auto-replied", Subject="Jestem na urlopie")

    deliver(room.port, report("smtp; 450 4.4.1 no answer", action="delayed", status="4.4.1"), return_path(message_id))
    deliver(room.port, holiday, return_path(message_id), sender="jan@klient.example")

    wait_until(lambda: waiting(database) == 0, what="both read")
    assert state_of(database, message_id)[0] == "delivered"
    assert unread(database) == 0


def test_what_nobody_understands_is_kept_and_goes_with_its_person(
    room: Room, database: Database, account_id: UUID
) -> None:
    message_id = sent(database, account_id)
    bomb = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"".join(
        b"--%s\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n" % (b"a" * depth, b"a" * (depth + 1))
        for depth in range(1, 45)
    )
    bomb += b"a: b\r\n" * 1_900 + b"\r\n" + b"--aa\r\n\r\n" * 400 + b" =?" * 10_000 + b"\r\n"

    deliver(room.port, letter(Subject="Re: oferta"), return_path(message_id), sender="jan@klient.example")
    deliver(room.port, bomb, return_path(message_id))

    wait_until(lambda: unread(database) == 2, what="both kept")
    assert state_of(database, message_id)[0] == "delivered"
    erase = {"addresses": ["jan@klient.example"], "erased_at": text_now(database), "dry_run": False}
    actor: Any = {"account_id": str(account_id)}
    privacy.erase_person(database, actor=actor, now=erase["erased_at"], **erase)
    assert unread(database) == 0


def text_now(database: Database) -> Any:
    with database.transaction() as session:
        return session.scalar(text("SELECT now()"))


def test_a_complaint_archives_whom_the_signature_names(
    room: Room, database: Database, heard: Heard, account_id: UUID
) -> None:
    by_path, by_link, forged = (sent(database, account_id, f"unwanted{number}@k.example") for number in range(3))
    sign = tokens.signer(
        unnamed_keys("WICI_LINK_KEYS", LINK_KEYS)[0], TokenKind.UNSUBSCRIBE, account_id=account_id,
        campaign_id=None, target="email",
    )  # fmt: skip
    link = f"List-Unsubscribe: <https://wici.example/u/{sign(by_link, None)}>"

    deliver(room.port, complaint(f"Return-Path: <{return_path(by_path)}>"), f"abuse@{HOST}")
    deliver(room.port, complaint(f"{link[:90]}\r\n {link[90:]}"), f"fbl@{HOST}")
    deliver(room.port, complaint(f"Message-ID: <{forged.hex}@sklep.example>"), f"abuse@{HOST}")
    deliver(room.port, complaint(f"Return-Path: <{return_path(forged)}>", "not-spam"), f"abuse@{HOST}")

    wait_until(
        lambda: archived(heard, "unwanted") == {"unwanted0@k.example", "unwanted1@k.example"}, what="the archive"
    )
    wait_until(lambda: waiting(database) == 0, what="all read")
    complained = {str(by_path): "complained", str(by_link): "complained"}
    wait_until(lambda: heard.last_kinds(account_id) == complained, what="the events")
    assert unread(database) == 1, "a complaint that proves nothing is left for a person"


def test_a_mail_unsubscribes_as_one_click_does(
    room: Room, database: Database, heard: Heard, account_id: UUID, broker: Broker
) -> None:
    message_id = sent(database, account_id)
    events: list[dict[str, Any]] = []

    def on_event(delivery: Delivery) -> None:
        events.append(orjson.loads(delivery.body))
        delivery.ack()

    broker.consume(event_queue(EMAIL_RECIPIENT_UNSUBSCRIBED, "contacts", "archive_unsubscribed_by_mail"), on_event)

    deliver(room.port, letter(Subject="unsubscribe"), unsubscribe_address(message_id), sender="jan@klient.example")

    wait_until(lambda: events and heard.of(account_id), what="the events")
    assert {event["message_id"] for event in events} == {str(message_id)}
    assert {event["kind"] for event in heard.of(account_id)} == {"unsubscribed"}


def test_a_dmarc_report_is_seen_by_whoever_has_the_domain_and_once(
    room: Room, database: Database, account_id: UUID
) -> None:
    mine, theirs, pending = uuid4(), uuid4(), uuid4()
    add = text(
        "INSERT INTO sender_domains (domain_id, account_id, domain, state, ownership_token)"
        " VALUES (:id, :account, :domain, :state, 'x')"
    )
    rows = [(mine, account_id, "verified"), (theirs, uuid4(), "verified"), (pending, uuid4(), "pending")]
    with database.transaction() as session:
        for domain_id, owner, state in rows:
            session.execute(add, {"id": domain_id, "account": owner, "domain": "sklep.example", "state": state})
    octets = mail(gzip.compress(xml(record(), record("192.0.2.9", 2, dkim="fail"))))

    deliver(room.port, octets, f"dmarc@{HOST}", sender="noreply@google.com")
    deliver(room.port, octets + b"\r\n", "dmarc@bounces.sklep.example", sender="noreply@google.com")
    wait_until(lambda: waiting(database) == 0, what="both read")

    actor: Any = {"account_id": str(account_id)}
    asked = {"now": datetime(2025, 12, 2, tzinfo=UTC), "days": 30}
    with database.transaction() as session:
        seen = senders.get_dmarc(session, actor=actor, domain_id=mine, **asked)
        assert (seen["reports"], seen["messages"], seen["passed"]) == (1, 5, 3)
        assert [(part["name"], part["messages"]) for part in seen["sources"]] == [("192.0.2.1", 3), ("192.0.2.9", 2)]
        with pytest.raises(NotFound):
            senders.get_dmarc(session, actor=actor, domain_id=theirs, **asked)
        assert session.scalar(text("SELECT count(*) FROM dmarc_reports")) == 2
    assert unread(database) == 0


def test_the_same_bounce_counts_once(room: Room, database: Database, heard: Heard, account_id: UUID) -> None:
    message_id, later = (sent(database, account_id, f"once{number}@k.example") for number in range(2))
    mail = report(FULL)

    for octets in (mail, mail, report()):
        deliver(room.port, octets, return_path(message_id))
    deliver(room.port, report(), return_path(later))

    wait_until(lambda: archived(heard, "once") == {"once1@k.example"}, what="the last one read")
    wait_until(lambda: waiting(database) == 0, what="all read")
    told = {(event["message_id"], event["kind"]) for event in heard.of(account_id)}
    assert told == {(str(message_id), "soft_bounced"), (str(later), "hard_bounced")}


def test_a_bounce_that_is_faster_than_the_ledger_waits_for_it(room: Room, database: Database, account_id: UUID) -> None:
    message_id = sent(database, account_id, state="deferred")
    deliver(room.port, report(), return_path(message_id))
    wait_until(lambda: tries(database) == 1, what="the first reading")
    assert state_of(database, message_id)[0] == "deferred"

    with database.transaction() as session:
        session.execute(text("UPDATE ledger SET state = 'unknown'"))
        session.execute(text("UPDATE received_mails SET due_at = now()"))
    deliver(room.port, letter(), f"postmaster@{HOST}")  # what comes in has the reader look at once

    wait_until(lambda: state_of(database, message_id)[0] == "hard_bounced", what="the second reading")


def tries(database: Database) -> int | None:
    with database.transaction() as session:
        query = text("SELECT tries FROM received_mails WHERE due_at > now() + interval '30 seconds'")
        return session.scalar(query)


def test_only_addresses_of_ours_are_taken(room: Room, database: Database, account_id: UUID) -> None:
    message_id = sent(database, account_id)
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO sender_domains (domain_id, account_id, domain, state, ownership_token) VALUES"
                " (:first, :account, 'ours.example', 'verified', 'x'),"
                " (:second, :account, 'not.example', 'pending', 'x')"
            ),
            {"first": uuid4(), "second": uuid4(), "account": account_id},
        )
    ours = return_path(message_id)
    forged = f"{ours[0]}{'0' * 32}{ours[33:]}"
    unsubscribes_with_a_return_path = "u" + ours[1:]

    refused = {}
    for address in (
        "jan@klient.example", forged, unsubscribes_with_a_return_path, f"b{message_id.hex}@{HOST}",
        "postmaster@k.example",
        "abuse@bounces.not.example", "postmaster@ours.example", f"jan%klient.example@{HOST}", f"root@{HOST}",
    ):  # fmt: skip
        with smtplib.SMTP("127.0.0.1", room.port, timeout=20) as client:
            client.ehlo()
            client.mail("")
            refused[address] = client.rcpt(address)[0]
    assert set(refused.values()) == {550}
    for address in (
        ours,
        f"Postmaster@{HOST.upper()}",
        f"abuse@{HOST}",
        f"dmarc@{HOST}",
        "postmaster@bounces.ours.example",
    ):
        with smtplib.SMTP("127.0.0.1", room.port, timeout=20) as client:
            client.ehlo()
            client.mail("")
            assert client.rcpt(address)[0] == 250, address


def test_what_was_answered_with_250_survives_a_kill_and_counts_once(
    launch: Launcher, room: Room, database: Database, heard: Heard, account_id: UUID
) -> None:
    """Two processes; one is killed while mails come in, and each mail goes again until it is acknowledged."""
    rooms = [launch_mailroom(launch), room]
    messages = [sent(database, account_id, f"osoba{number}@k.example") for number in range(60)]

    def send(number: int) -> None:
        if number == 30:
            rooms[0].process.kill()
        octets = report()
        for each in rooms:
            with suppress(OSError, smtplib.SMTPException):
                deliver(each.port, octets, return_path(messages[number]))
                return
        pytest.fail("nobody took it")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(len(messages))))
    with database.transaction() as session:  # what the dead one had claimed is read when its lease ends
        session.execute(text("UPDATE received_mails SET due_at = now()"))
    deliver(rooms[1].port, letter(), f"postmaster@{HOST}")

    wait_until(lambda: len(archived(heard, "osoba")) == 60 and len(heard.of(account_id)) >= 60, what="all of them")
    wait_until(lambda: waiting(database) == 0, what="all read")
    told = {(event["message_id"], event["kind"]) for event in heard.of(account_id)}  # the outbox tells at least once
    assert told == {(str(message_id), "hard_bounced") for message_id in messages}
