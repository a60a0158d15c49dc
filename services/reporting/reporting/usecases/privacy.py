"""What the log holds of one person, as contacts asks, and its forgetting; and the end of an account."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import erasures, pages, suspensions
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts.reporting.messages import MessageStory
from contracts.rpc import Actor
from contracts.schema import dump
from reporting.store import accounts, log, messages, people, stories, webhook_events
from reporting.usecases import views
from reporting.usecases.views import Answer

ROWS_AT_ONCE = 20_000

logger = get_logger()


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> Answer:
    """One page of the messages to a person, newest first, each with all that happened to it."""
    before = pages.position(cursor) or messages.GREATEST
    rows = people.page(session, account_id=account_of(actor), addresses=addresses, before=before, limit=limit + 1)
    shown = rows[:limit]
    message_ids = [row["message_id"] for row in shown]
    history, engagements = (
        _by_message(read(session, message_ids=message_ids)) for read in (stories.histories, stories.engagements)
    )
    return {
        "items": [
            {"kind": "message", "record": dump(MessageStory, views.story(row, history[of], engagements[of]))}
            for row, of in zip(shown, message_ids, strict=True)
        ],
        "next_cursor": pages.cursor_at(message_ids[-1]) if len(rows) > limit else None,
    }


def _by_message(rows: Any) -> defaultdict[UUID, list[Any]]:
    rows_by_message_id: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        rows_by_message_id[row["message_id"]].append(row)
    return rows_by_message_id


def erase_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> Answer:
    """Take a person out of every message made by `erased_at`, and keep later events from bringing them back.

    Harmless twice: the second time no message has the address. Nobody writes the log meanwhile, which is short: the
    messages of one person are found by an index.
    """
    account_id = account_of(actor)
    before = people.made_by(erased_at)
    if not dry_run:
        log.wait_for_writers(session)
        erasures.remember(session, account_id=account_id, addresses=addresses, erased_at=erased_at)
    message_ids = people.ids(session, account_id=account_id, addresses=addresses, before=before)
    counts = people.counts(session, message_ids)
    if not dry_run:
        people.anonymise(session, account_id=account_id, message_ids=message_ids, addresses=addresses)
        webhook_events.forget_people(session, message_ids)
        webhook_events.forget_addresses(session, account_id=account_id, addresses=addresses)
    return {"counts": counts, "waiting": 0}


def erase_account(database: Database, *, account_id: UUID) -> int:
    """Delete every row of an account and remember that it is closed; returns how many rows went.

    Events of the account that come later are left out by the ingester. Those that are being written at this moment are
    waited for: each writer shares the lock that is taken here alone, after the mark that it looks for is there.
    """
    with database.transaction() as session:
        accounts.mark_closed(session, account_id)
        suspensions.close(session, account_id)
    with database.transaction() as session:
        log.wait_for_writers(session)
    erased = sum(_erase_from(database, table, account_id) for table in accounts.TABLES)
    logger.info("account_erased", erased_account_id=str(account_id), rows=erased)
    return erased


def _erase_from(database: Database, table: str, account_id: UUID) -> int:
    erased = 0
    while True:
        with database.transaction() as session:
            rows = accounts.delete_some(session, table, account_id=account_id, limit=ROWS_AT_ONCE)
        erased += rows
        if rows == 0:
            return erased
