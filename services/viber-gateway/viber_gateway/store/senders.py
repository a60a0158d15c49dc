"""Viber bots of accounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import func, select, text

from channel import stop_sayers
from chassis import suspensions
from chassis.database import Session, changed
from chassis.refusals import flush_unless_taken
from viber_gateway.models import Sender

ACTIVE = "active"
_CLAIM_DUE = text(
    "UPDATE senders SET hook_due_at = now() + :lease WHERE id = (SELECT id FROM senders WHERE state = 'active'"
    " AND hook_due_at <= now() ORDER BY hook_due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, hook_due_at"
)


class Bot(NamedTuple):
    """What reports at a hook are read by."""

    account_id: UUID
    name: str
    invitation_key: bytes  # sealed


def add(session: Session, sender: Sender) -> bool:
    """Whether it is there now; False: the account has one of that name."""
    session.add(sender)
    if not flush_unless_taken(session, "senders_account_id_name_key"):
        return False
    session.refresh(sender)
    return True


def keep(session: Session) -> bool:
    """Whether what was changed is written; False: another active bot has the URI."""
    return flush_unless_taken(session, "senders_active_uri")


def count(session: Session, account_id: UUID) -> int:
    """How many the account has; nobody else adds one to it until the transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('senders:' || :account, 0))"), {"account": str(account_id)}
    )
    query = select(func.count()).select_from(Sender).where(Sender.account_id == account_id)
    return int(session.scalar(query) or 0)


def page(
    session: Session, *, account_id: UUID | None, state: str | None, after: UUID | None, limit: int
) -> Sequence[Sender]:
    """In order of request; of every account with `account_id` None (operators)."""
    query = select(Sender).order_by(Sender.id).limit(limit)
    if account_id is not None:
        query = query.where(Sender.account_id == account_id)
    if state is not None:
        query = query.where(Sender.state == state)
    return session.scalars(query if after is None else query.where(Sender.id > after)).all()


def find(
    session: Session, sender_id: UUID, *, account_id: UUID | None = None, for_update: bool = False
) -> Sender | None:
    query = select(Sender).where(Sender.id == sender_id)
    if account_id is not None:
        query = query.where(Sender.account_id == account_id)
    return session.scalar(query.with_for_update() if for_update else query)


def active(session: Session, account_id: UUID, name: str) -> Sender | None:
    query = select(Sender).where(Sender.account_id == account_id, Sender.name == name, Sender.state == ACTIVE)
    return session.scalar(query)


def of_hook(session: Session, hook_name: str) -> Sender | None:
    return session.scalar(select(Sender).where(Sender.hook_name == hook_name, Sender.state == ACTIVE))


def bots(cursor: Cursor[Any], sender_ids: Collection[UUID]) -> dict[UUID, Bot]:
    """Those that are active: of another one nothing is believed any more."""
    cursor.execute(
        "SELECT id, account_id, name, invitation_key FROM senders WHERE id = ANY(%s) AND state = 'active'",
        (sorted(sender_ids),),
    )
    return {sender_id: Bot(*rest) for sender_id, *rest in cursor.fetchall()}


def claim_due_hook(session: Session, lease: timedelta) -> tuple[UUID, datetime] | None:
    """A bot of whose hook Viber is to be told now, by whoever gets it, and until when nobody else does."""
    found = session.execute(_CLAIM_DUE, {"lease": lease}).one_or_none()
    return None if found is None else (found[0], found[1])


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


# What holds something of an account; subscribers and answers go with their bot.
_OF_ACCOUNT = (
    "senders", "contents", "sends", "ledger", "retries", "quota_leases", "erasures", "campaign_states",
    "parked_reports",
)  # fmt: skip


def erase_account(session: Session, account_id: UUID) -> None:
    """Everything of the account; what is in hand at this moment is settled all the same, and leads nowhere."""
    suspensions.close(session, account_id)
    in_hand = "DELETE FROM claims WHERE position(convert_to(:account, 'UTF8') IN body) > 0"
    changed(session, in_hand, account=str(account_id))
    stop_sayers.erase_account(session, account_id)
    for table in _OF_ACCOUNT:
        changed(session, f"DELETE FROM {table} WHERE account_id = :account", account=account_id)
