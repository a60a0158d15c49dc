"""One person, as contacts asks about them: every e-mail to their addresses, and its forgetting."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis import erasures
from contracts.email_gateway import Email
from contracts.schema import dump
from email_gateway import exceptions
from email_gateway.domain import FORM_ACCOUNT
from email_gateway.store import people
from email_gateway.usecases.messages import as_email

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from chassis.database import Database

GREATEST = UUID(int=2**128 - 1)


def export_person(
    session: Session, *, account_id: UUID, addresses: list[str], cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of the e-mails to a person, newest first; single ones with what they said."""
    rows = people.page(session, account_id=account_id, addresses=addresses, before=_before(cursor), limit=limit + 1)
    shown = rows[:limit]
    return {
        "items": [{"kind": "message", "record": _record(row)} for row in shown],
        "next_cursor": str(shown[-1].message_id) if len(rows) > limit else None,
    }


def _before(cursor: str | None) -> UUID:
    try:
        return UUID(cursor) if cursor else GREATEST
    except ValueError:
        raise exceptions.bad_cursor() from None


def _record(row: Any) -> dict[str, Any]:
    document = row.document or {}
    return {
        **dump(Email, as_email(row)),
        "from": row.sender,
        "name": row.name,
        "campaign_id": str(row.campaign_id) if row.campaign_id else None,
        "content": {name: document.get(name) for name in ("subject", "html", "text")} if document else None,
        "variables": _told(row.fields),
    }


def _told(variables: dict[str, Any] | None) -> dict[str, Any] | None:
    """The message's variables; of a confirmation mail without its link, which is for the mailbox alone: whoever else
    held it could confirm a sign-up in the person's place."""
    if variables is None or FORM_ACCOUNT not in variables:
        return variables
    return {name: value for name, value in variables.items() if name not in (FORM_ACCOUNT, "url")}


def erase_person(
    database: Database, *, account_id: UUID, addresses: list[str], erased_at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Take a person out of every e-mail made by `erased_at`; what waits for them is not sent any more.

    First a short transaction that marks the person: from its commit on nobody writes the address down. Then what was
    written before is taken out. Harmless twice, and from the start after a kill; `waiting` counts what a sender has in
    hand at this moment.
    """
    before = people.made_by(erased_at)
    if not dry_run:
        with database.transaction() as session:
            erasures.remember(session, account_id=account_id, addresses=addresses, erased_at=erased_at)
    with database.transaction() as session:
        if not dry_run:
            erasures.hold(session)
        found = people.ids(session, account_id=account_id, addresses=addresses, before=before)
        counts = {"messages": len(found), "messages_waiting": people.count_waiting(session, found)}
        if dry_run:
            return {"counts": counts, "waiting": 0}
        people.anonymise(session, message_ids=found)
        waiting = people.under_way(session, account_id=account_id, addresses=addresses, message_ids=found)
    return {"counts": counts, "waiting": waiting}
