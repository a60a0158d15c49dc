"""Mail submitted by SMTP: by smtplib, which we did not write, and by a raw socket that does what no client should."""

from __future__ import annotations

import dataclasses
import smtplib
import threading
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import dkim as oracle
import pytest
from sqlalchemy import select, text

from channel import account_networks, login_failures
from chassis import suspensions
from chassis.broker import Broker
from chassis.database import Database
from chassis.rpc_client import RpcClient
from chassis.testing import Launcher, RunningProcess, free_port, wait_until
from email_gateway.models import DkimKey
from email_gateway.usecases import smtp_accounts

from .asking import DOMAIN
from .conftest import Heard, World, states
from .partners import MAIL, TOOLS, Partner, Ports, Raw, another_login, changed, logged_in, new_partner, trusting

SENDER = f"sklep@{DOMAIN}"
TO = "ala@poczta.example"


def launched(launch: Launcher, **more: str) -> Ports:
    starttls, wrapped = free_port(), free_port()
    env = {
        "WICI_SUBMISSION_PORT": str(starttls),
        "WICI_SUBMISSIONS_PORT": str(wrapped),
        "EMAIL_SUBMISSION_NAME": "smtp.wici.example",
        "EMAIL_SUBMISSION_MAX_BYTES": "300000",
        "EMAIL_SUBMISSION_RECIPIENTS": "5",
        **more,
    }
    process = launch("email_gateway.submission", service="email_gateway", env=env)
    return Ports(starttls, wrapped, process)


@pytest.fixture(scope="module")
def ports(launch_once: Launcher, identity: None) -> Ports:
    return launched(launch_once)


@pytest.fixture
def partner(database: Database) -> Partner:
    return new_partner(database)


@pytest.fixture
def client(ports: Ports, partner: Partner, broker: Broker) -> Iterator[smtplib.SMTP]:
    with logged_in(ports, partner) as made:
        yield made


def hand_in(client: smtplib.SMTP, to: list[str], mail: bytes, options: list[str]) -> None:
    """As mail programs do: what is answered 451, for identity has too much to do just now, is tried again."""
    for left in range(10, -1, -1):
        try:
            assert client.sendmail(SENDER, to, mail, options) == {}
            return
        except smtplib.SMTPDataError as error:
            if error.smtp_code != 451 or not left:
                raise


def refused(client: smtplib.SMTP, mail: bytes = MAIL, sender: str = SENDER, to: str = TO) -> str:
    """The code and enhanced code of whatever stands in the way of the mail."""
    for code, answer in (client.docmd(f"MAIL FROM:<{sender}>"), client.docmd(f"RCPT TO:<{to}>")):
        if code != 250:
            client.rset()
            return f"{code} {answer.split()[0].decode()}"
    code, answer = client.data(mail)
    return f"{code} {answer.split()[0].decode()}"


def test_a_mail_leaves_as_it_came_under_our_signature(
    client: smtplib.SMTP, partner: Partner, database: Database, world: World, sender: RunningProcess, heard: Heard
) -> None:
    mail = b"Bcc: tajny@poczta.example\r\nReturn-Path: <x@y.example>\r\n" + MAIL
    everybody = [TO, "ola@poczta.example", "ALA@poczta.example"]

    hand_in(client, everybody, mail, ["BODY=8BITMIME"])

    wait_until(lambda: len(world.mails()) == 2, what="both mails")
    with database.transaction() as session:
        key = session.scalars(select(DkimKey)).one()
    paths = set()
    for number, told in enumerate(world.mails(), start=1):
        raw = world.call(f"/messages/{number}/raw")
        assert oracle.DKIM(raw).verify(dnsfunc=lambda name, timeout=5: key.record.encode())
        head, _, body = raw.partition(b"\r\n\r\n")
        assert body == MAIL.partition(b"\r\n\r\n")[2]
        assert MAIL.partition(b"\r\n\r\n")[0] in head  # every header as it was, blanks and all
        assert b"tajny" not in raw and b"Return-Path" not in raw
        added = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
        assert added[:3] == [b"DKIM-Signature", b"Received", b"Feedback-ID"]
        assert added[-2:] == [b"Date", b"Message-ID"]
        paths.add(told["sender"])
    assert len(paths) == 2 and all(path.endswith(f"@bounces.{DOMAIN}") for path in paths)
    wait_until(lambda: states(database, partner.account_id) == {"delivered": 2}, what="both told")
    accepted = [event for event in heard.of(partner.account_id) if event["kind"] == "accepted"]
    assert {event["labels"]["subject"] for event in accepted} == {"Łąka"}
    assert {event["labels"]["submitter_id"] for event in accepted} == {str(partner.smtp_account_id)}


def test_links_and_openings_of_a_login_that_wants_it_are_recorded(
    ports: Ports, partner: Partner, database: Database, broker: Broker, world: World, sender: RunningProcess
) -> None:
    other = another_login(database, partner.account_id, tracks_clicks=True, tracks_opens=True)
    html = b'<html><body><a href="https://sklep.example/oferta">Oferta</a></body></html>\r\n'
    head = f"From: {SENDER}\r\nTo: {TO}\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n".encode()
    for each in (partner, other):
        with logged_in(ports, each) as client:
            hand_in(client, [TO, "ola@poczta.example"], head + html, [])

    wait_until(lambda: len(world.mails()) == 4, what="the mails")
    bodies = [world.call(f"/messages/{number}/raw").partition(b"\r\n\r\n")[2] for number in range(1, 5)]
    assert bodies.count(html) == 2
    tracked = {body for body in bodies if body != html}
    assert len(tracked) == 2, "each of its own"
    for body in tracked:
        assert body.startswith(b'<html><body><a href="http://127.0.0.1:8000/t/') and b"/o/" in body
        assert body.endswith(b"</body></html>\r\n") and b"sklep.example/oferta" not in body


def test_both_ports_and_both_mechanisms(ports: Ports, partner: Partner, database: Database, broker: Broker) -> None:
    for mechanism in ("auth_plain", "auth_login"):
        with smtplib.SMTP_SSL("127.0.0.1", ports.wrapped, timeout=30, context=trusting()) as client:
            client.ehlo()
            assert client.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
            assert {"pipelining", "8bitmime", "smtputf8", "enhancedstatuscodes", "size"} <= set(client.esmtp_features)
            client.user, client.password = partner.username, partner.password
            client.auth(mechanism[5:].upper(), getattr(client, mechanism))
            hand_in(client, [TO], MAIL, [])
    assert states(database, partner.account_id) == {"accepted": 2}


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"sender": "kto@obcy.example"}, "550 5.7.1"),
        ({"mail": MAIL.replace(DOMAIN.encode(), b"obcy.example")}, "550 5.7.1"),
        ({"mail": MAIL.replace(b"From: Sklep", b"From: kto@obcy.example, Sklep")}, "550 5.6.0"),
        ({"mail": b"From: kto@obcy.example\r\n" + MAIL}, "550 5.6.0"),
        ({"mail": MAIL.replace(b"From: Sklep", b'From: "kto@obcy.example"')}, "250 2.0.0"),
        ({"mail": MAIL.replace(b"From:", b"X-From:")}, "550 5.6.0"),
        ({"mail": b"Ala ma kota\r\n" + MAIL}, "550 5.6.0"),
        ({"mail": b"\r\n" + MAIL}, "550 5.6.0"),
        ({"mail": MAIL.replace(b"=?utf-8?b?xYHEhWth?=", "Łąka".encode())}, "550 5.6.7"),
        ({"mail": b"Received: a\r\n" * 31 + MAIL}, "554 5.4.6"),
        ({"mail": b"X: y\r\n" * 501 + MAIL}, "550 5.6.0"),
        ({"mail": MAIL + b"x" * 999 + b"\r\n"}, "550 5.6.0"),
        ({"mail": MAIL + b"x" * 998 + b"\r\n"}, "250 2.0.0"),
        ({"mail": MAIL + b"a\0b\r\n"}, "550 5.6.0"),
        ({"mail": MAIL + b"x\r\n" * 100_000}, "552 5.3.4"),
        ({"to": "żółw@poczta.example"}, "553 5.6.7"),
        ({"to": "kto@localhost"}, "553 5.1.3"),
        ({"to": "kto@[127.0.0.1]"}, "553 5.1.3"),
        ({"to": f"kto@{'a' * 64}.example"}, "553 5.1.3"),
        ({"to": f"kto@{'a' * 63}.example"}, "250 2.0.0"),
        ({"to": "obcy.example!kto@poczta.example"}, "250 2.0.0"),  # an odd local part of that very domain: no relay
        ({"to": "@inny.example:kto@poczta.example"}, "553 5.1.3"),
        ({"to": "kto%obcy.example@localhost"}, "553 5.1.3"),
        ({"sender": ""}, "553 5.1.7"),
    ],
)  # fmt: skip
def test_what_may_not_be_sent_is_refused_with_a_precise_code(
    client: smtplib.SMTP, changes: dict[str, Any], answer: str
) -> None:
    client.command_encoding = "utf-8"
    assert refused(client, **changes) == answer


def plain(partner: Partner, password: str | None = None) -> bytes:
    return b64encode(f"\0{partner.username}\0{password or partner.password}".encode())


def secured(ports: Ports, partner: Partner | None = None) -> Raw:
    raw = Raw(ports.wrapped)
    raw.secure()
    raw.reply()
    raw.say(b"EHLO partner.example\r\n")
    if partner is not None:
        assert raw.say(b"AUTH PLAIN " + plain(partner) + b"\r\n").startswith("235")
    return raw


BEGUN = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{TO}>\r\n".encode()
OPENING = BEGUN + b"DATA\r\n"

# In clear text: what is said, and how each reply begins; "" is the end of the connection.
IN_CLEAR: list[tuple[str, bytes, list[str]]] = [
    ("mail before TLS", b"EHLO a\r\nMAIL FROM:<a@b.example>\r\n", ["250", "530 5.7.0"]),
    ("log-in before TLS", b"EHLO a\r\nAUTH PLAIN AGEAYg==\r\n", ["250", "538 5.7.11"]),
    ("a command behind STARTTLS", b"EHLO a\r\nSTARTTLS\r\nMAIL FROM:<a@b.example>\r\n", ["250", "501 5.5.1", ""]),
    ("STARTTLS with words", b"EHLO a\r\nSTARTTLS now\r\n", ["250", "501 5.5.4"]),
    ("a piece before TLS", b"EHLO a\r\nBDAT 6 LAST\r\nNOOP\r\n", ["250", "530 5.7.0", ""]),
    ("no hello", b"RCPT TO:<a@b.example>\r\n", ["530 5.7.0"]),
    ("a bare line feed", b"EHLO a\nEHLO a\r\n", ["500 5.5.2", "250"]),
    ("a bare carriage return", b"EHLO\ra\r\nNOOP\r\n", ["500 5.5.2", "250"]),
    ("NUL", b"EHLO a\0b\r\nNOOP\r\n", ["500 5.5.2", "250"]),
    ("an endless line", b"EHLO " + b"a" * 10_000, ["500 5.5.6", ""]),
    ("HTTP", b"POST / HTTP/1.1\r\nHost: a\r\n", ["502 5.5.1", "502 5.5.1"]),
    ("bytes that are no text", b"\xff\xfe\x80\r\n", ["502 5.5.1"]),
    ("too many errors", b"X\r\n" * 16, ["502"] * 16 + ["421 4.7.0", ""]),
    ("a hello of two words", b"EHLO a b\r\n", ["501 5.5.4"]),
]  # fmt: skip

# Logged in, over TLS.
IN_TLS: list[tuple[str, bytes, list[str]]] = [
    ("smuggled by LF . LF", OPENING + MAIL + b"\n.\n" + OPENING + MAIL + b"\r\n.\r\nNOOP\r\n",
     ["250", "250", "354", "550 5.6.0", "250 2.0.0 OK"]),
    ("smuggled by LF . CRLF", OPENING + MAIL + b"x\n.\r\n" + OPENING + MAIL + b"\r\n.\r\nNOOP\r\n",
     ["250", "250", "354", "550 5.6.0", "250 2.0.0 OK"]),
    ("smuggled by CR . CR", OPENING + MAIL + b"x\r.\r" + OPENING + MAIL + b"\r\n.\r\nNOOP\r\n",
     ["250", "250", "354", "550 5.6.0", "250 2.0.0 OK"]),
    ("smuggled by CRLF . LF", OPENING + MAIL + b".\n" + OPENING + MAIL + b"\r\n.\r\nNOOP\r\n",
     ["250", "250", "354", "550 5.6.0", "250 2.0.0 OK"]),
    ("smuggled by CRLF NUL . CRLF", OPENING + MAIL + b"\0.\r\n" + OPENING + MAIL + b"\r\n.\r\nNOOP\r\n",
     ["250", "250", "354", "550 5.6.0", "250 2.0.0 OK"]),
    ("DATA without recipients", f"MAIL FROM:<{SENDER}>\r\nDATA\r\n".encode(), ["250", "554 5.5.1"]),
    ("RCPT before MAIL", f"RCPT TO:<{TO}>\r\n".encode(), ["503 5.5.1"]),
    ("MAIL twice", f"MAIL FROM:<{SENDER}>\r\n".encode() * 2, ["250", "503 5.5.1"]),
    ("a second log-in", b"AUTH PLAIN AGEAYg==\r\n", ["503 5.5.1"]),
    ("STARTTLS in TLS", b"STARTTLS\r\n", ["503 5.5.1"]),
    ("a size that is too large", f"MAIL FROM:<{SENDER}> SIZE=300001\r\n".encode(), ["552 5.3.4"]),
    ("a size in other digits", f"MAIL FROM:<{SENDER}> SIZE=²\r\nNOOP\r\n".encode(), ["501 5.5.4", "250"]),
    ("a size that is none", f"MAIL FROM:<{SENDER}> SIZE=-1\r\n".encode(), ["501 5.5.4"]),
    ("a parameter of nobody", f"MAIL FROM:<{SENDER}> X=1\r\n".encode(), ["555 5.5.4"]),
    ("a recipient with parameters", f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{TO}> NOTIFY=NEVER\r\n".encode(),
     ["250", "555 5.5.4"]),
    ("too many recipients", f"MAIL FROM:<{SENDER}>\r\n".encode() + b"".join(
        f"RCPT TO:<a{n}@poczta.example>\r\n".encode() for n in range(6)), ["250"] * 6 + ["452 4.5.3"]),
    ("a path with a blank", f"MAIL FROM:<a b@{DOMAIN}>\r\n".encode(), ["501 5.5.4"]),
    ("a path without brackets", f"MAIL FROM:{SENDER}\r\n".encode(), ["501 5.5.4"]),
    ("a path that is quoted", f'MAIL FROM:<"a>b"@{DOMAIN}>\r\n'.encode(), ["501 5.5.4"]),
    ("TURN", b"TURN\r\n", ["502 5.5.1"]),
    ("pieces without a mail", b"BDAT 6 LAST\r\nNOOP\r\nNOOP\r\n", ["503 5.5.1", "250"]),
    ("pieces without recipients", f"MAIL FROM:<{SENDER}>\r\nBDAT 6\r\nRSET\r\nNOOP\r\n".encode(),
     ["250", "554 5.5.1", "250"]),
    ("a piece of no length", BEGUN + b"BDAT x LAST\r\nNOOP\r\n", ["250", "250", "501 5.5.4", ""]),
    ("a piece of a negative length", BEGUN + b"BDAT -1 LAST\r\nNOOP\r\n", ["250", "250", "501 5.5.4", ""]),
    ("an endless piece", BEGUN + b"BDAT 9999999999\r\nNOOP\r\n", ["250", "250", "552 5.3.4", ""]),
    ("pieces that are too large", BEGUN + b"BDAT 200000\r\n" + b"x" * 200_000 + b"BDAT 200000 LAST\r\n"
     + b"x" * 200_000 + b"NOOP\r\n", ["250", "250", "250", "552 5.3.4", "250"]),
    ("DATA after a piece", BEGUN + b"BDAT 2\r\nxxDATA\r\n", ["250", "250", "250", "503 5.5.1"]),
    ("a recipient after a piece", BEGUN + b"BDAT 2\r\nxx" + f"RCPT TO:<{TO}>\r\n".encode(),
     ["250", "250", "250", "503 5.5.1"]),
    ("a piece that is forgotten", BEGUN + b"BDAT 2\r\nxxRSET\r\nBDAT 0 LAST\r\n",
     ["250", "250", "250", "250", "503 5.5.1"]),
    ("bare line ends in a piece", BEGUN + b"BDAT %d LAST\r\n%s" % (len(MAIL) + 4, MAIL + b"\n.\r\n"),
     ["250", "250", "550 5.6.0"]),
    ("nothing but talk", b"NOOP\r\n" * 101, ["250"] * 100 + ["421 4.7.0", ""]),
    ("an empty mail", OPENING + b".\r\n", ["250", "250", "354", "550 5.6.0"]),
    ("who is there", b"VRFY root\r\nEXPN all\r\n", ["252", "252"]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "answers"), [case[1:] for case in IN_CLEAR], ids=[case[0] for case in IN_CLEAR])
def test_misbehaviour_in_clear_text(ports: Ports, said: bytes, answers: list[str]) -> None:
    raw = Raw(ports.starttls)
    assert raw.reply().startswith("220")
    raw.send(said)
    for answer in answers:
        reply = raw.reply()
        assert reply.startswith(answer) and (answer or not reply)
    raw.close()


@pytest.mark.parametrize(("said", "answers"), [case[1:] for case in IN_TLS], ids=[case[0] for case in IN_TLS])
def test_misbehaviour_of_who_is_logged_in(
    ports: Ports, partner: Partner, database: Database, said: bytes, answers: list[str]
) -> None:
    raw = secured(ports, partner)
    raw.send(said)
    for answer in answers:
        reply = raw.reply()
        assert reply.startswith(answer) and (answer or not reply)
    raw.close()
    assert states(database, partner.account_id) == {}


def test_a_pipelined_burst_is_answered_in_order(ports: Ports, partner: Partner, database: Database) -> None:
    raw = secured(ports, partner)
    raw.send((OPENING + MAIL + b"\r\n.\r\n") * 5 + b"QUIT\r\n")
    assert [raw.reply()[:3] for _ in range(21)] == ["250", "250", "354", "250"] * 5 + ["221"]
    assert states(database, partner.account_id) == {"accepted": 5}


def test_a_mail_comes_in_pieces_of_a_told_length(ports: Ports, partner: Partner, database: Database) -> None:
    """Nothing in them is an end or a command."""
    mail = MAIL + b"\r\n.\r\nQUIT\r\n.\r\nkoniec"
    raw = secured(ports, partner)
    raw.send(BEGUN + b"BDAT 7\r\n" + mail[:7] + b"bdat 0\r\nBDAT %d last\r\n" % len(mail[7:]) + mail[7:])
    assert [raw.reply()[:3] for _ in range(5)] == ["250"] * 5
    raw.send(OPENING + MAIL + b".\r\n")
    assert [raw.reply()[:3] for _ in range(4)] == ["250", "250", "354", "250"]
    raw.close()
    assert states(database, partner.account_id) == {"accepted": 2}


def test_a_mail_in_pieces_leaves_octet_for_octet(
    ports: Ports, partner: Partner, database: Database, world: World, sender: RunningProcess
) -> None:
    mail = MAIL + b".kropka\r\n..dwie\r\n.\r\nkoniec bez ko\xc5\x84ca"
    raw = secured(ports, partner)
    pieces = [mail[:1], mail[1:40], b"", mail[40:]]
    said = b"".join(b"BDAT %d\r\n" % len(piece) + piece for piece in pieces)
    raw.send(BEGUN.replace(b">\r\n", b"> BODY=8BITMIME\r\n", 1) + said + b"BDAT 0 LAST\r\n")
    assert [raw.reply()[:3] for _ in range(7)] == ["250"] * 7
    raw.close()

    wait_until(lambda: len(world.mails()) == 1, what="the mail")
    body = world.call("/messages/1/raw").partition(b"\r\n\r\n")[2]
    assert body == mail.partition(b"\r\n\r\n")[2] + b"\r\n"  # it leaves by DATA, where the last line has an end
    wait_until(lambda: states(database, partner.account_id) == {"delivered": 1}, what="it is told")


def test_a_failed_log_in_tells_nothing(ports: Ports, partner: Partner, database: Database) -> None:
    elsewhere = another_login(database, partner.account_id, ip_list=["192.0.2.0/24"])
    abroad = new_partner(database)
    with database.transaction() as session:
        account_networks.note(session, account_id=abroad.account_id, api=["192.0.2.0/24"], version=1)
    ended = another_login(database, partner.account_id)
    changed(database, ended, smtp_accounts.update_smtp_account, is_active=False)
    nobody = Partner(partner.account_id, uuid4(), f"smtp_{uuid4().hex}", "x")
    answers = set()
    for who, password in ((partner, "wrong"), (nobody, "wrong"), (elsewhere, None), (abroad, None), (ended, None)):
        raw = secured(ports)
        answers.add(raw.say(b"AUTH PLAIN " + plain(who, password) + b"\r\n"))
        raw.close()
    assert answers == {"535 5.7.8 Authentication credentials invalid"}
    raw = secured(ports)
    for said, answer in (
        (b"AUTH CRAM-MD5\r\n", "504"), (b"AUTH PLAIN\r\n", "334"), (b"*\r\n", "501 5.7.0"), (b"AUTH LOGIN !\r\n", "501"),  # noqa: E501
        (b"AUTH PLAIN " + b64encode(b"root\0" + partner.username.encode() + b"\0x") + b"\r\n", "501"),
        (b"AUTH PLAIN " + plain(partner) + b"\r\n", "235"),
    ):  # fmt: skip
        assert raw.say(said).startswith(answer)
    raw.close()


def test_what_changes_is_felt_by_two_processes_on_open_connections(
    ports: Ports, launch: Launcher, partner: Partner, database: Database, broker: Broker
) -> None:
    second = launched(launch)
    changes = (
        ("535 5.7.8", lambda who: changed(database, who, smtp_accounts.rotate_smtp_account)),
        ("535 5.7.8", lambda who: changed(database, who, smtp_accounts.update_smtp_account, is_active=False)),
        ("535 5.7.8", lambda who: changed(database, who, smtp_accounts.delete_smtp_account)),
    )
    for answer, change in changes:
        who = another_login(database, partner.account_id)
        clients = [logged_in(port, who) for port in (ports, second)]
        assert [refused(client) for client in clients] == ["250 2.0.0"] * 2
        change(who)
        assert [refused(client) for client in clients] == [answer] * 2
    clients = [logged_in(port, partner) for port in (ports, second)]
    for version, networks, answer in ((1, ["127.0.0.0/8"], "250 2.0.0"), (2, ["192.0.2.0/24"], "535 5.7.8")):
        with database.transaction() as session:
            account_networks.note(session, account_id=partner.account_id, api=networks, version=version)
        assert [refused(client) for client in clients] == [answer] * 2
    for number, port in enumerate((ports, second), start=1):
        with pytest.raises(smtplib.SMTPAuthenticationError):
            logged_in(port, dataclasses.replace(partner, password="wrong"))
        with database.transaction() as session:
            failures = login_failures.count(session, f"name {partner.username}")
        assert failures == 2 * number, "smtplib tries two mechanisms"
    with database.transaction() as session:
        account_networks.note(session, account_id=partner.account_id, api=[], version=3)
    slow = another_login(database, partner.account_id, messages_a_minute=2)
    clients = [logged_in(port, slow) for port in (ports, second)]
    answers = [refused(client) for client in clients * 5]
    assert "450 4.7.1" in answers  # shared by both; when a minute ends, the clock says
    clients = [logged_in(port, partner) for port in (ports, second)]
    idle = logged_in(second, another_login(database, partner.account_id))
    with database.transaction() as session:
        told = {
            "account_id": partner.account_id,
            "is_suspended": True,
            "occurred_at": session.scalar(text("SELECT now()")),
        }
        suspensions.note(session, **told)
    assert [refused(client) for client in clients] == ["525 5.7.13"] * 2
    second.process.ask_to_stop()
    assert idle.getreply()[0] == 421  # before it is hung up on
    idle.close()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        logged_in(ports, partner)


def test_the_rules_of_the_api_hold(
    ports: Ports, client: smtplib.SMTP, partner: Partner, database: Database, broker: Broker
) -> None:
    changed(database, partner, smtp_accounts.block_addresses, tools=TOOLS, emails=["Nie@poczta.example"])
    with logged_in(ports, partner) as knows:
        assert refused(knows, to="nie@POCZTA.example") == "550 5.7.1"
        assert refused(knows) == "250 2.0.0"

    on_trial = new_partner(database)
    RpcClient(broker).call("identity.begin_trial", on_trial.actor, {"only_to": [TO]})
    with logged_in(ports, on_trial) as trial:
        assert refused(trial, to="obcy@poczta.example") == "550 5.7.1"
        assert refused(trial) == "250 2.0.0"
        assert refused(trial, MAIL.replace(b"From: Sklep", b"From: mBank")) == "550 5.7.1"

    assert "550 5.7.1" in [refused(client) for _ in range(60)]  # the stand-in grants 50


def test_files_are_sent_as_in_a_request(ports: Ports, partner: Partner, database: Database, broker: Broker) -> None:
    def with_file(name: str) -> bytes:
        head = b"From: Sklep <%s>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        part = b"--b\r\nContent-Type: application/pdf; name=%s\r\n\r\n%%PDF\r\n--b--\r\n"
        return head % SENDER.encode() + part % name.encode()

    poor = new_partner(database)
    RpcClient(broker).call("identity.begin_trial", poor.actor, {"only_to": [TO]})
    answers = []
    for who in (partner, poor):
        with logged_in(ports, who) as client:
            answers += [refused(client, with_file(name)) for name in ("faktura.pdf", "faktura.pdf.exe")]
            answers.append(refused(client))
    assert answers == ["250 2.0.0", "550 5.7.0", "250 2.0.0", "550 5.7.0", "550 5.7.0", "250 2.0.0"]


def test_what_was_answered_survives_a_kill(
    launch: Launcher, identity: None, database: Database, broker: Broker
) -> None:
    ports = launched(launch)
    partners = [new_partner(database) for _ in range(4)]
    accepted: list[str] = []
    goes_on = threading.Event()

    def submit(partner: Partner) -> None:
        with logged_in(ports, partner) as client:
            for _ in range(45):
                try:
                    client.mail(SENDER)
                    client.rcpt(TO)
                    code, answer = client.data(MAIL)
                except (smtplib.SMTPException, OSError):
                    return
                if code == 250:
                    accepted.append(answer.split()[-1].decode())
                if len(accepted) > 40:
                    goes_on.set()

    threads = [threading.Thread(target=_quietly, args=(submit, partner)) for partner in partners]
    for thread in threads:
        thread.start()
    assert goes_on.wait(60)
    ports.process.kill()
    for thread in threads:
        thread.join(60)

    with database.transaction() as session:
        kept = session.scalars(text("SELECT convert_from(octets, 'UTF8') FROM blobs")).all()
        lanes = session.scalar(text("SELECT count(*) FROM ledger"))
    traces = {mail.partition("ESMTPSA id ")[2][:32] for mail in kept}
    assert set(accepted) <= traces and len(accepted) == len(set(accepted))
    # At most one for each connection was stored and not answered: the stated window.
    assert len(traces - set(accepted)) <= len(partners) and lanes == len(kept)


def _quietly(submit: Any, partner: Partner) -> None:
    try:
        submit(partner)
    except (smtplib.SMTPException, OSError):
        pass
