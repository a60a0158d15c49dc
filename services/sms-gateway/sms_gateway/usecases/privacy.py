"""One person, as contacts asks about them: every message to their numbers, and its forgetting."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis import erasures
from contracts import ids
from contracts.schema import dump
from contracts.sms_gateway import Sms
from contracts.vocabulary import MessageState
from sms_gateway.store import people
from sms_gateway.usecases.paging import after_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from chassis.database import Database

GREATEST = UUID(int=2**128 - 1)


def export_person(
    session: Session, *, account_id: UUID, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person, newest first."""
    before = after_of(cursor) or GREATEST
    rows = people.page(session, account_id=account_id, addresses=addresses, before=before, limit=limit + 1)
    shown = rows[:limit]
    return {
        "items": [{"kind": "message", "record": dump(Sms, _record(row))} for row in shown],
        "next_cursor": str(shown[-1]["message_id"]) if len(rows) > limit else None,
    }


def _record(row: Any) -> dict[str, Any]:
    return {
        **row,
        "id": row["message_id"],
        "to": row["address"],
        "from": row["sender"],
        "state": MessageState(row["state"]),
        "created_at": row["created_at"] or ids.created_at(row["message_id"]),
    }


def erase_person(
    database: Database, *, account_id: UUID, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`; what waits for them is not sent any more.

    First a short transaction that marks the person: from its commit on nobody writes the number down. Then what was
    written before is looked for, and taken out in another short one. Harmless twice, and from the start after a kill;
    `waiting` counts what a connector has in hand at this moment.
    """
    before = people.made_by(erased_at)
    if not dry_run:
        with database.transaction() as session:
            erasures.remember(session, account_id=account_id, addresses=addresses, erased_at=erased_at)
    with database.transaction() as session:
        found = people.ids(session, account_id=account_id, addresses=addresses, before=before)
        withdrawn = people.withdraw(
            session, account_id=account_id, addresses=addresses, before=before, change=not dry_run
        )
    counts = {"messages": len(found), "messages_waiting": withdrawn}
    if dry_run:
        return {"counts": counts, "waiting": 0}
    with database.transaction() as session:
        erasures.hold(session)
        people.anonymise(session, message_ids=found)
        people.forget_texts(session, account_id=account_id, message_ids=found)
        waiting = people.under_way(session, account_id=account_id, addresses=addresses)
    return {"counts": counts, "waiting": waiting}
