"""What the mailroom's tests share: messages in the ledger, and mails that other servers would write about them."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import UUID, uuid4

from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import RETURN_PATH_KEYS
from contracts import ids
from contracts.vocabulary import MessageState
from email_gateway.config import unnamed_keys
from email_gateway.content import verp

KEYS = unnamed_keys("WICI_RETURN_PATH_KEYS", RETURN_PATH_KEYS)
HOST = "mail.wici.example"
NO_SUCH_USER = "smtp; 550 5.1.1 <jan@klient.example>: Recipient address rejected: User unknown"
FULL = "smtp; 552 5.2.2 Mailbox full"


def sent(
    database: Database,
    account_id: UUID,
    address: str = "jan@klient.example",
    state: str = MessageState.DELIVERED,
    detail: str | None = None,
) -> UUID:
    """A campaign's message as the ledger has it once its first server took it."""
    message_id = ids.message_id(new_id(), 1)
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO ledger (message_id, account_id, campaign_id, contact_id, address, sender, lane, state,"
                " detail, attempts)"
                " VALUES (:id, :account, :campaign, :contact, :address, 'news@sklep.example', 'bulk', :state, :detail,"
                " 1)"
            ),
            {
                "id": message_id,
                "account": account_id,
                "campaign": uuid4(),
                "contact": uuid4(),
                "address": address,
                "state": state,
                "detail": detail,
            },
        )
    return message_id


def return_path(message_id: UUID) -> str:
    return verp.encode(message_id, "bounces.sklep.example", KEYS[0])


def unsubscribe_address(message_id: UUID) -> str:
    return verp.encode(message_id, "bounces.sklep.example", KEYS[0], verp.Kind.UNSUBSCRIBE)


def report(diagnostic: str = NO_SUCH_USER, *, action: str = "failed", status: str = "5.0.0", more: str = "") -> bytes:
    """A delivery status notification (RFC 3464) as Postfix writes it."""
    return (
        "From: MAILER-DAEMON@mx.klient.example (Mail Delivery System)\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\n"
        f"Message-ID: <{uuid4().hex}@mx.klient.example>\r\n"
        f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="=b"\r\n\r\n'
        "--=b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n"
        "--=b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.klient.example\r\n\r\n"
        f"Final-Recipient: rfc822; jan@klient.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"{more}Diagnostic-Code: {diagnostic}\r\n\r\n"
        "--=b--\r\n"
    ).encode()


def complaint(original: str, feedback: str = "abuse") -> bytes:
    """ARF (RFC 5965), with the headers of the original mail."""
    return (
        "From: fbl@provider.example\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="=c"\r\n\r\n'
        "--=c\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n"
        "--=c\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: {feedback}\r\nUser-Agent: Provider/1\r\nVersion: 1\r\n\r\n"
        f"--=c\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n\r\nHello\r\n--=c--\r\n"
    ).encode()


def letter(**headers: str) -> bytes:
    mail = EmailMessage()
    for name, value in {"From": "jan@klient.example", "Subject": "x", **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Dzień dobry")
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def deliver(port: int, octets: bytes, *recipients: str, sender: str = "") -> None:
    """By Python's own client. :raises smtplib.SMTPException: it was not taken."""
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail(sender, recipients, octets)


def state_of(database: Database, message_id: UUID) -> tuple[str, str | None]:
    with database.transaction() as session:
        row = session.execute(text("SELECT state, code FROM ledger WHERE message_id = :id"), {"id": message_id}).one()
        return row.state, row.code


def waiting(database: Database) -> int:
    """Mails that are kept to be read."""
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM received_mails WHERE NOT is_kept")) or 0


def unread(database: Database) -> int:
    """Mails that are left for a person."""
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM received_mails WHERE is_kept")) or 0
