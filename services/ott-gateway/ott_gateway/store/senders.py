"""WhatsApp numbers of accounts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import select

from channel import senders
from chassis.database import Session, changed
from chassis.refusals import flush_unless_taken
from ott_gateway.models import Sender

ACTIVE = senders.ACTIVE
SENDERS = senders.Senders(Sender)
add, count = SENDERS.add, SENDERS.count
find, active = SENDERS.find, SENDERS.active

# Numbers of one app report to one hook: whose number it is, is told by Meta's id of it, and only of the same app.
_OF_HOOKS = """
SELECT h.id, s.phone_number_id, s.id, s.account_id FROM senders h JOIN senders s ON s.app_hash = h.app_hash
WHERE h.id = ANY(%s) AND s.phone_number_id = ANY(%s) AND s.state = 'active' ORDER BY (s.id <> h.id), s.id
"""


def keep(session: Session) -> bool:
    """Whether what was changed is written; False: another active sender has Meta's id of the number."""
    return flush_unless_taken(session, "senders_active_number")


def of_hook(session: Session, hook_name: str) -> Sender | None:
    return session.scalar(select(Sender).where(Sender.hook_name == hook_name, Sender.state == ACTIVE))


def of_hooks(
    cursor: Cursor[Any], hook_ids: Collection[UUID], numbers: Collection[str]
) -> dict[tuple[UUID, str], tuple[UUID, UUID]]:
    """By hook and Meta's id of the number: the number that it is, and its account."""
    cursor.execute(_OF_HOOKS, (sorted(hook_ids), sorted(numbers)))
    found: dict[tuple[UUID, str], tuple[UUID, UUID]] = {}
    for hook_id, number, sender_id, account_id in cursor.fetchall():
        found.setdefault((hook_id, number), (sender_id, account_id))
    return found


def want_templates(cursor: Cursor[Any], sender_ids: Collection[UUID]) -> None:
    """Read the templates of these numbers, and of others of their business accounts, at once."""
    cursor.execute(
        "UPDATE senders s SET templates_due_at = now() FROM senders t WHERE t.id = ANY(%s)"
        " AND s.business_account_id = t.business_account_id AND s.state = 'active'",
        (sorted(sender_ids),),
    )


def note_templates(
    session: Session, sender_id: UUID, *, leased_until: datetime, now: datetime, problem: str | None, due_at: datetime
) -> None:
    """Due again at `due_at`, or as it is where somebody has asked for them during the reading."""
    changed(
        session,
        "UPDATE senders SET templates_at = CASE WHEN CAST(:problem AS text) IS NULL THEN :now ELSE templates_at END,"
        " templates_problem = :problem, templates_due_at = CASE WHEN templates_due_at = :leased_until THEN :due_at"
        " ELSE templates_due_at END WHERE id = :id",
        id=sender_id, leased_until=leased_until, now=now, problem=problem, due_at=due_at,
    )  # fmt: skip


def erase_account(session: Session, account_id: UUID) -> None:
    """Everything of the account; templates, windows and answers go with their number."""
    senders.erase_account(session, account_id, "senders", "parked_reports", "stops")
