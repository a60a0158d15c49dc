"""One person, as contacts asks about them: every message to their numbers, and its forgetting."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import people as channel_people
from chassis import inbox, pages
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
    """Take a person out of every message made by `erased_at`: see `channel.people.erase`."""
    return channel_people.erase(
        database,
        account_id=account_of(actor),
        addresses=addresses,
        erased_at=erased_at,
        dry_run=dry_run,
        find=people.ids,
        anonymise=_anonymise,
    )


def _anonymise(session: Session, account_id: UUID, message_ids: Collection[UUID]) -> None:
    people.anonymise(session, message_ids=message_ids)
    people.forget_texts(session, account_id=account_id, message_ids=message_ids)


def erase_account(session: Session, *, event_id: UUID, account_id: UUID) -> None:
    """Closing an account: nothing of it stays. Harmless when it runs twice: there is nothing left to erase."""
    if inbox.first_time(session, "erase_account", event_id):
        messages.erase_account(session, account_id)
