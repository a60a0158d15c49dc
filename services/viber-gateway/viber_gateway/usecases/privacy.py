"""One person, as contacts asks about them: messages to them, what they wrote, Viber's ids of them; their forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import people, plain
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.rpc import Actor
from contracts.schema import dump
from contracts.viber_gateway.answers import InboundViber
from viber_gateway.store import answers, senders, subscribers


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person, newest first; on the first page what they wrote, and their ids."""
    page = plain.export_person(session, actor=actor, now=now, addresses=addresses, cursor=cursor, limit=limit)
    if cursor is None:
        account_id = account_of(actor)
        ids = subscribers.of_contacts(session, account_id, people.contact_ids_among(addresses))
        written = answers.INBOX.of_person(session, account_id, _written_under(addresses, ids))
        page["items"] += [{"kind": "answer", "record": dump(InboundViber, dict(row))} for row in written]
        page["items"] += [
            {"kind": "subscription", "record": {**row, "linked_at": row["linked_at"].isoformat()}} for row in ids
        ]
    return page


def erase_person(
    database: Database, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`; forget what they wrote and Viber's ids of them by then.

    The ids go last, once nothing to them is under way.
    """
    account_id = account_of(actor)
    asked: dict[str, Any] = {"addresses": addresses, "erased_at": erased_at, "dry_run": dry_run}
    answer = plain.erase_person(database, actor=actor, now=now, **asked)
    contact_ids = people.contact_ids_among(addresses)
    with database.transaction() as session:
        under = _written_under(addresses, subscribers.of_contacts(session, account_id, contact_ids))
        theirs: dict[str, Any] = {"account_id": account_id, "addresses": under, "until": erased_at}
        written = answers.INBOX.count(session, **theirs) if dry_run else answers.INBOX.forget(session, **theirs)
        if not dry_run and not answer["waiting"]:
            subscribers.erase(session, account_id=account_id, contact_ids=contact_ids, until=erased_at)
    return {**answer, "counts": {**answer["counts"], "answers": written}}


def _written_under(addresses: Sequence[str], ids: Sequence[Any]) -> list[str]:
    """What they wrote before they opened an invitation lies under Viber's id."""
    return [*addresses, *(row["viber_id"] for row in ids)]


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Closing an account: nothing of it stays. Harmless when it runs twice: there is nothing left to erase."""
    senders.erase_account(session, account_id)
