"""One person, as contacts asks about them: messages to them, what they answered, and their forgetting."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from channel import plain
from chassis import pages
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.rcs_gateway.answers import InboundRcs
from contracts.rpc import Actor
from contracts.schema import dump
from rcs_gateway.store import agents, inbound


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person, and of what they have answered, newest first."""
    page = plain.export_person(session, actor=actor, now=now, addresses=addresses, cursor=cursor, limit=limit)
    said = inbound.of_person(
        session, account_id=account_of(actor), addresses=addresses, before=pages.position(cursor), limit=limit + 1
    )
    items = [(UUID(one["record"]["id"]), one) for one in page["items"]]
    items += [(row["position"], {"kind": "answer", "record": dump(InboundRcs, row)}) for row in said]
    items.sort(key=lambda one: one[0], reverse=True)
    shown, has_more = items[:limit], len(items) > limit or page["next_cursor"]
    return {
        "items": [item for _, item in shown],
        "next_cursor": pages.cursor_at(shown[-1][0]) if has_more else None,
    }


def erase_person(
    database: Database, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`, and forget what they have answered."""
    account_id = account_of(actor)
    asked: dict[str, Any] = {"addresses": addresses, "erased_at": erased_at, "dry_run": dry_run}
    answer = plain.erase_person(database, actor=actor, now=now, **asked)
    with database.transaction() as session:
        forget = inbound.INBOX.count if dry_run else inbound.INBOX.forget
        answer["counts"]["inbound"] = forget(session, account_id=account_id, addresses=addresses, until=erased_at)
        if not dry_run:
            inbound.forget_phones(session, account_id=account_id, addresses=addresses)
    return answer


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Closing an account: nothing of it stays. Harmless when it runs twice: there is nothing left to erase."""
    agents.erase_account(session, account_id)
