"""Viber bots of accounts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import select

from channel import senders
from chassis.database import Session, changed
from chassis.refusals import flush_unless_taken
from viber_gateway.models import Sender

ACTIVE = senders.ACTIVE
SENDERS = senders.Senders(Sender)
add, count = SENDERS.add, SENDERS.count
find, active = SENDERS.find, SENDERS.active


class Bot(NamedTuple):
    """What reports at a hook are read by."""

    account_id: UUID
    name: str
    invitation_key: bytes  # sealed


def keep(session: Session) -> bool:
    """Whether what was changed is written; False: another active bot has the URI."""
    return flush_unless_taken(session, "senders_active_uri")


def of_hook(session: Session, hook_name: str) -> Sender | None:
    return session.scalar(select(Sender).where(Sender.hook_name == hook_name, Sender.state == ACTIVE))


def bots(cursor: Cursor[Any], sender_ids: Collection[UUID]) -> dict[UUID, Bot]:
    """Those that are active: of another one nothing is believed any more."""
    cursor.execute(
        "SELECT id, account_id, name, invitation_key FROM senders WHERE id = ANY(%s) AND state = 'active'",
        (sorted(sender_ids),),
    )
    return {sender_id: Bot(*rest) for sender_id, *rest in cursor.fetchall()}


def note_hook(
    session: Session, sender_id: UUID, *, leased_until: datetime, now: datetime, problem: str | None, due_at: datetime
) -> None:
    """Due no more, or with a problem at `due_at`; as it is where the bot was set up anew meanwhile."""
    changed(
        session,
        "UPDATE senders SET hook_at = CASE WHEN CAST(:problem AS text) IS NULL THEN :now ELSE hook_at END,"
        " hook_problem = :problem, hook_due_at = CASE WHEN CAST(:problem AS text) IS NULL THEN NULL ELSE"
        " CAST(:due_at AS timestamptz) END WHERE id = :id AND hook_due_at = :leased_until",
        id=sender_id, leased_until=leased_until, now=now, problem=problem, due_at=due_at,
    )  # fmt: skip


def erase_account(session: Session, account_id: UUID) -> None:
    """Everything of the account; subscribers and answers go with their bot."""
    senders.erase_account(session, account_id, "senders", "parked_reports", "stops")
