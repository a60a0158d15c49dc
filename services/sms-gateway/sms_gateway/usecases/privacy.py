"""One person, as contacts asks about them: every message to their numbers, and its forgetting."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from channel import people as under_way
from chassis import erasures, inbox, pages
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts import ids
from contracts.rpc import Actor
from contracts.schema import dump
from contracts.sms_gateway.messages import Sms
from contracts.vocabulary import MessageState
from sms_gateway.store import messages, people

GREATEST = UUID(int=2**128 - 1)


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person, newest first."""
    before = pages.position(cursor) or GREATEST
    rows = people.page(session, account_id=account_of(actor), addresses=addresses, before=before, limit=limit + 1)
    page = pages.page(rows, limit, lambda row: dump(Sms, _record(row)))
    return {**page, "items": [{"kind": "message", "record": record} for record in page["items"]]}


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
    database: Database, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`; what waits for them is not sent any more.

    First a short transaction that marks the person: from its commit on nobody writes the number down. Then what was
    written before is looked for, and taken out in another short one. Harmless twice, and from the start after a kill;
    `waiting` counts what an outbound process has in hand at this moment.
    """
    account_id, before = account_of(actor), under_way.made_by(erased_at)
    if not dry_run:
        with database.transaction() as session:
            erasures.remember(session, account_id=account_id, addresses=addresses, erased_at=erased_at)
    with database.transaction() as session:
        found = people.ids(session, account_id=account_id, addresses=addresses, before=before)
        withdrawn = under_way.withdraw(
            session, account_id=account_id, addresses=addresses, before=before, change=not dry_run
        )
    counts = {"messages": len(found), "messages_waiting": withdrawn}
    if dry_run:
        return {"counts": counts, "waiting": 0}
    with database.transaction() as session:
        erasures.hold(session)
        people.anonymise(session, message_ids=found)
        people.forget_texts(session, account_id=account_id, message_ids=found)
        waiting = under_way.under_way(session, account_id=account_id, addresses=addresses)
    return {"counts": counts, "waiting": waiting}


def erase_account(session: Session, *, event_id: UUID, account_id: UUID) -> None:
    """Closing an account: nothing of it stays. Harmless when it runs twice: there is nothing left to erase."""
    if inbox.first_time(session, "erase_account", event_id):
        messages.erase_account(session, account_id)
