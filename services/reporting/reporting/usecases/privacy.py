"""One person, as contacts asks about them: what the log holds of them, and its forgetting."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis import erasures
from contracts.reporting import MessageStory
from contracts.schema import dump
from reporting.store import log, messages, people, stories
from reporting.usecases.messages import as_story, cursor_of_id, read_cursor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def export_person(
    session: Session, *, account_id: UUID, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the messages to a person, newest first, each with all that happened to it."""
    before = read_cursor(cursor) or messages.GREATEST
    rows = people.page(session, account_id=account_id, addresses=addresses, before=before, limit=limit + 1)
    shown = rows[:limit]
    message_ids = [row["message_id"] for row in shown]
    history, deeds = (
        _by_message(read(session, message_ids=message_ids)) for read in (stories.histories, stories.all_deeds)
    )
    return {
        "items": [
            {"kind": "message", "record": dump(MessageStory, as_story(row, history[of], deeds[of]))}
            for row, of in zip(shown, message_ids, strict=True)
        ],
        "next_cursor": cursor_of_id(message_ids[-1]) if len(rows) > limit else None,
    }


def _by_message(rows: Any) -> defaultdict[UUID, list[Any]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row["message_id"]].append(row)
    return found


def erase_person(
    session: Session, *, account_id: UUID, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every message made by `erased_at`, and keep later events from bringing them back.

    Harmless twice: the second time no message has the address. Nobody writes the log meanwhile, which is short: the
    messages of one person are found by an index.
    """
    before = people.made_by(erased_at)
    if not dry_run:
        log.wait_for_writers(session)
        erasures.remember(session, account_id=account_id, addresses=addresses, erased_at=erased_at)
    found = people.ids(session, account_id=account_id, addresses=addresses, before=before)
    counts = people.counts(session, found)
    if not dry_run:
        people.anonymise(session, account_id=account_id, message_ids=found, addresses=addresses)
    return {"counts": counts, "waiting": 0}
