"""Mails that wait to be read: whose come first, and how many octets strangers can have on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import Database
from email_gateway.domain.mailroom import MailKind, Ours
from email_gateway.incoming.parts import MOST_OCTETS
from email_gateway.store import received_mails
from email_gateway.store.received_mails import MOST_OF_STRANGERS, MOST_WAITING, OCTETS_OF_STRANGERS, Waiting

STRANGERS = {MailKind.FEEDBACK: b"postmaster", MailKind.DMARC: b"x" * (2 * MOST_OCTETS)}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        session.execute(text("DELETE FROM received_mails"))
        yield session
        session.rollback()


def keep(session: Session, ours: Ours, octets: bytes) -> None:
    received_mails.keep(session, recipients=[("a@mail.example", ours)], has_null_sender=True, octets=octets)


def test_what_names_a_message_is_read_before_what_strangers_write(session: Session) -> None:
    for kind, octets in STRANGERS.items():
        keep(session, Ours(kind), octets)
    keep(session, Ours(MailKind.BOUNCE, uuid4()), b"bounce")
    keep(session, Ours(MailKind.UNSUBSCRIBE, uuid4()), b"unsubscribe")
    assert received_mails.waiting(session) == Waiting(4, 2, sum(map(len, STRANGERS.values())))

    now = datetime.now(UTC) + timedelta(seconds=1)
    first = received_mails.claim(session, now=now, limit=2)
    assert {mail.kind for mail in first} == {MailKind.BOUNCE, MailKind.UNSUBSCRIBE}

    (report,) = [mail for mail in received_mails.claim(session, now=now, limit=2) if mail.kind is MailKind.DMARC]
    received_mails.keep_unread(session, report.mail_id, account_id=None)
    kept = session.scalar(text("SELECT octets FROM received_mails WHERE is_kept"))
    assert kept is not None and len(kept) == MOST_OCTETS


@pytest.mark.parametrize(
    ("waiting", "strangers", "ours"),
    [
        (Waiting(0, 0, 0), True, True),
        (Waiting(MOST_OF_STRANGERS, MOST_OF_STRANGERS, 0), False, True),
        (Waiting(70, 70, OCTETS_OF_STRANGERS), False, True),
        (Waiting(MOST_WAITING, 0, 0), True, False),
    ],
)
def test_strangers_do_not_fill_the_place_of_others(waiting: Waiting, strangers: bool, ours: bool) -> None:
    assert (waiting.has_room(is_strangers=True), waiting.has_room(is_strangers=False)) == (strangers, ours)
