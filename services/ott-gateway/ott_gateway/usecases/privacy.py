"""One person, as contacts asks about them: messages to them, what they wrote, and their forgetting."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from channel import plain
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.ott_gateway.answers import InboundWhatsapp
from contracts.rpc import Actor
from contracts.schema import dump
from ott_gateway.store import answers, senders


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person, newest first; on the first page what they wrote, too."""
    page = plain.export_person(session, actor=actor, now=now, addresses=addresses, cursor=cursor, limit=limit)
    if cursor is None:
        written = answers.INBOX.of_person(session, account_of(actor), addresses)
        page["items"] += [{"kind": "answer", "record": dump(InboundWhatsapp, dict(row))} for row in written]
    return page


def erase_person(
    database: Database, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`, and forget what they wrote by then."""
    account_id = account_of(actor)
    asked: dict[str, Any] = {"addresses": addresses, "erased_at": erased_at, "dry_run": dry_run}
    answer = plain.erase_person(database, actor=actor, now=now, **asked)
    theirs: dict[str, Any] = {"account_id": account_id, "addresses": addresses, "until": erased_at}
    with database.transaction() as session:
        if dry_run:
            written = answers.INBOX.count(session, **theirs)
        else:
            answers.close_windows(session, account_id=account_id, phones=addresses)
            written = answers.INBOX.forget(session, **theirs)
    return {**answer, "counts": {**answer["counts"], "answers": written}}


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Closing an account: nothing of it stays. Harmless when it runs twice: there is nothing left to erase."""
    senders.erase_account(session, account_id)
