"""One message and all that happened to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from reporting.domain.folding import CLICKED, OPENED
from reporting.domain.retention import DETAILED_OPENS
from reporting.store.messages import COLUMNS, Row


def find(session: Session, *, account_id: UUID, message_id: UUID) -> Row | None:
    return (
        session.execute(
            text(f"SELECT {COLUMNS} FROM messages m WHERE m.message_id = :message AND m.account_id = :account"),
            {"message": message_id, "account": account_id},
        )
        .mappings()
        .first()
    )


def histories(session: Session, *, message_ids: Collection[UUID]) -> Sequence[Any]:
    """Lines of the messages' histories, in order of time."""
    return (
        session.execute(
            text(
                "SELECT message_id, at, state, code, detail, peer FROM state_history WHERE message_id = ANY(:messages)"
                " ORDER BY at, state"
            ),
            {"messages": list(message_ids)},
        )
        .mappings()
        .all()
    )


def engagements(session: Session, *, message_ids: Collection[UUID]) -> Sequence[Any]:
    """What people did with the messages, in order of time; openings as long as their details are kept."""
    return (
        session.execute(
            text(
                "SELECT e.message_id, e.at, e.kind, e.ip, e.user_agent, e.machine, l.url FROM engagements e"
                " LEFT JOIN links l ON l.account_id = e.account_id AND l.link_id = e.link_id"
                " WHERE e.message_id = ANY(:messages)"
                f" AND (e.kind <> {OPENED} OR e.at >= now() - CAST(:kept AS interval)) ORDER BY e.at, e.event_id"
            ),
            {"messages": list(message_ids), "kept": DETAILED_OPENS},
        )
        .mappings()
        .all()
    )


def read_by_people(
    session: Session, *, account_id: UUID, message_ids: Collection[UUID]
) -> tuple[list[UUID], list[UUID]]:
    """Those of the account's messages among these, and those of them that a person has opened or clicked."""
    asked = {"account": account_id, "messages": list(message_ids)}
    theirs = "SELECT message_id FROM messages WHERE message_id = ANY(:messages) AND account_id = :account"
    known = list(session.scalars(text(theirs), asked))
    statement = (
        "SELECT DISTINCT message_id FROM engagements WHERE message_id = ANY(:known) AND machine IS NULL"
        f" AND kind IN ({OPENED}, {CLICKED})"
    )
    return known, list(session.scalars(text(statement), {"known": known}))


def links(session: Session, *, account_id: UUID, link_ids: Collection[UUID]) -> dict[UUID, tuple[int | None, str]]:
    """Number in the content, where it is known, and address of each link."""
    rows = session.execute(
        text("SELECT link_id, number, url FROM links WHERE account_id = :account AND link_id = ANY(:links)"),
        {"account": account_id, "links": list(link_ids)},
    )
    return {row.link_id: (row.number, row.url) for row in rows}
