"""Mails that came in: kept at the door, claimed to be read, and gone once that is done."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis import erasures
from chassis.database import changed
from chassis.ids import new_id
from email_gateway.domain.mailroom import MailKind, Ours
from email_gateway.incoming.parts import MOST_OCTETS

LEASE = timedelta(minutes=2)  # longer than reading one batch takes
KEEP_UNREAD = timedelta(days=7)
MOST_UNREAD = 2_000
MOST_WAITING = 20_000  # mails; behind them the others are told to come later
MOST_OF_STRANGERS, OCTETS_OF_STRANGERS = 10_000, 256 << 20  # of them: whoever knows `postmaster@` can write such ones


@dataclass(frozen=True)
class Waiting:
    """Mails to read. A stranger's names no message of ours that we signed."""

    mails: int
    of_strangers: int
    octets_of_strangers: int

    def has_room(self, *, is_strangers: bool) -> bool:
        if not is_strangers:
            return self.mails < MOST_WAITING
        return self.of_strangers < MOST_OF_STRANGERS and self.octets_of_strangers < OCTETS_OF_STRANGERS


@dataclass(frozen=True)
class Mail:
    """A mail to read. `tries` counts this reading."""

    mail_id: UUID
    kind: MailKind
    recipient: str
    message_id: UUID | None
    has_null_sender: bool
    octets: bytes
    received_at: datetime
    tries: int


_KEEP = text(
    "INSERT INTO received_mails (mail_id, kind, recipient, message_id, has_null_sender, octets, digest)"
    " VALUES (:mail_id, :kind, :recipient, :message_id, :has_null_sender, :octets, :digest)"
    " ON CONFLICT (digest) DO NOTHING"
)


def keep(session: Session, *, recipients: Collection[tuple[str, Ours]], has_null_sender: bool, octets: bytes) -> None:
    """Once for each recipient, and once however often it is sent: a server whose answer was lost sends it again.

    Of a mail that is no DMARC report no more is kept than is read.
    """
    for recipient, ours in recipients:
        digest = hashlib.sha256(recipient.lower().encode() + b"\0" + octets).digest()
        session.execute(
            _KEEP,
            {
                "mail_id": new_id(),
                "kind": ours.kind,
                "recipient": recipient,
                "message_id": ours.message_id,
                "has_null_sender": has_null_sender,
                "octets": octets if ours.kind is MailKind.DMARC else octets[:MOST_OCTETS],
                "digest": digest,
            },
        )


_CLAIM = text(
    "UPDATE received_mails SET due_at = :until, tries = tries + 1 WHERE mail_id = ANY (ARRAY("
    "SELECT mail_id FROM received_mails WHERE NOT is_kept AND due_at <= :now"
    " ORDER BY message_id IS NULL, due_at LIMIT :limit FOR UPDATE SKIP LOCKED))"
    " RETURNING mail_id, kind, recipient, message_id, has_null_sender, octets, received_at, tries"
)


def claim(session: Session, *, now: datetime, limit: int) -> Sequence[Mail]:
    """Mails to read, strangers' after those that name a message; nobody else gets them for `LEASE`."""
    rows = session.execute(_CLAIM, {"now": now, "until": now + LEASE, "limit": limit}).all()
    return [
        Mail(
            row.mail_id, MailKind(row.kind), row.recipient, row.message_id, row.has_null_sender, bytes(row.octets),
            row.received_at, row.tries,
        )
        for row in rows
    ]  # fmt: skip


def hold(session: Session, mail_id: UUID, *, tries: int) -> bool:
    """Whether the mail is still this reader's: neither read nor taken over since. Nobody else has it until the commit.

    Who erases a person waits until then, and has not begun: both take their locks in this order.
    """
    erasures.share(session)
    query = text(
        "SELECT true FROM received_mails WHERE mail_id = :mail_id AND tries = :tries AND NOT is_kept FOR UPDATE"
    )
    return bool(session.scalar(query, {"mail_id": mail_id, "tries": tries}))


def forget(session: Session, mail_id: UUID) -> None:
    session.execute(text("DELETE FROM received_mails WHERE mail_id = :mail_id"), {"mail_id": mail_id})


def put_off(session: Session, mail_id: UUID, *, until: datetime) -> None:
    session.execute(
        text("UPDATE received_mails SET due_at = :until WHERE mail_id = :mail_id"), {"mail_id": mail_id, "until": until}
    )


def keep_unread(session: Session, mail_id: UUID, *, account_id: UUID | None) -> None:
    """Leave it, or its beginning, for a person to look at; it is read no more."""
    query = text(
        "UPDATE received_mails SET is_kept = true, account_id = :account, octets = substring(octets FOR :most)"
        " WHERE mail_id = :mail_id"
    )
    session.execute(query, {"mail_id": mail_id, "account": account_id, "most": MOST_OCTETS})


def tidy(session: Session, *, now: datetime) -> int:
    """Drop unread mails that are old, and the oldest beyond `MOST_UNREAD`; how many went."""
    return changed(
        session,
        "DELETE FROM received_mails WHERE is_kept AND (received_at < :since OR mail_id IN ("
        "SELECT mail_id FROM received_mails WHERE is_kept ORDER BY mail_id DESC OFFSET :most))",
        since=now - KEEP_UNREAD,
        most=MOST_UNREAD,
    )


def waiting(session: Session) -> Waiting:
    """What waits to be read, no further than it matters."""
    query = text(
        "SELECT count(*) AS mails, count(*) FILTER (WHERE message_id IS NULL) AS of_strangers,"
        " coalesce(sum(octet_length(octets)) FILTER (WHERE message_id IS NULL), 0) AS octets"
        " FROM (SELECT message_id, octets FROM received_mails WHERE NOT is_kept LIMIT :most) waiting"
    )
    row = session.execute(query, {"most": MOST_WAITING}).one()
    return Waiting(row.mails, row.of_strangers, int(row.octets))


def forget_messages(session: Session, *, message_ids: Collection[UUID]) -> None:
    """What came in about these messages, read or not."""
    session.execute(text("DELETE FROM received_mails WHERE message_id = ANY(:ids)"), {"ids": list(message_ids)})


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Before the ledger goes: what waits to be read is of the account by its message."""
    session.execute(
        text(
            "DELETE FROM received_mails WHERE account_id = :account OR message_id IN ("
            "SELECT r.message_id FROM received_mails r JOIN ledger l ON l.message_id = r.message_id"
            " WHERE l.account_id = :account)"
        ),
        {"account": account_id},
    )
