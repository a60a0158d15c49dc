"""One person in the log: everything sent to any of their addresses, and taking the person out of it.

What is counted stays: states, times, numbers, the domain, the kind of device. So the counters equal the log afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts.ids import first_id_at
from contracts.vocabulary import ERASED_ADDRESS
from reporting.store.messages import COLUMNS, Row

# The index is on a hash of the address.
_THEIRS = (
    "m.account_id = :account AND m.address = ANY(CAST(:addresses AS text[]))"
    " AND hashtext(m.address) = ANY(ARRAY(SELECT hashtext(a) FROM unnest(CAST(:addresses AS text[])) a))"
    " AND m.message_id < :before"
)


def made_by(moment: datetime) -> UUID:
    """Greater than the id of any message that was made by then."""
    return first_id_at(moment + timedelta(milliseconds=1))


def page(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID, limit: int) -> Sequence[Row]:
    """Messages to the person, newest first."""
    return (
        session.execute(
            text(
                f"WITH found AS MATERIALIZED (SELECT * FROM messages m WHERE {_THEIRS})"
                f" SELECT {COLUMNS} FROM found m ORDER BY m.message_id DESC LIMIT :limit"
            ),
            {"account": account_id, "addresses": list(addresses), "before": before, "limit": limit},
        )
        .mappings()
        .all()
    )


def ids(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID) -> list[UUID]:
    """Ids of all messages to the person that are older than `before`."""
    return list(
        session.scalars(
            text(f"SELECT m.message_id FROM messages m WHERE {_THEIRS}"),
            {"account": account_id, "addresses": list(addresses), "before": before},
        )
    )


def counts(session: Session, message_ids: Collection[UUID]) -> dict[str, int]:
    engagements = session.scalar(
        text("SELECT count(*) FROM engagements WHERE message_id = ANY(:ids)"), {"ids": list(message_ids)}
    )
    return {"messages": len(message_ids), "opens_and_clicks": int(engagements or 0)}


def anonymise(session: Session, *, account_id: UUID, message_ids: Collection[UUID], addresses: Collection[str]) -> None:
    """Take the person out of these messages; the session keeps all writers of the log away."""
    bound = {"ids": list(message_ids), "account": account_id, "erased": ERASED_ADDRESS}
    session.execute(
        text(
            "UPDATE links l SET url = :erased WHERE l.account_id = :account AND l.link_id IN"
            " (SELECT link_id FROM engagements WHERE message_id = ANY(:ids) AND link_id IS NOT NULL)"
            " AND EXISTS (SELECT 1 FROM unnest(CAST(:needles AS text[])) n WHERE strpos(lower(l.url), n) > 0)"
        ),
        {**bound, "needles": sorted(_spellings(addresses))},
    )
    for statement in (
        "UPDATE messages SET address = :erased, contact_id = NULL, detail = NULL, peer = NULL"
        " WHERE message_id = ANY(:ids)",
        "UPDATE state_history SET detail = NULL, peer = NULL WHERE message_id = ANY(:ids)",
        "UPDATE engagements SET ip = NULL, user_agent = NULL WHERE message_id = ANY(:ids)",
        "DELETE FROM labels WHERE message_id = ANY(:ids)",
    ):
        session.execute(text(statement), bound)


def _spellings(addresses: Iterable[str]) -> set[str]:
    """How an address may stand in a link."""
    return {form.lower() for one in addresses for form in (one.removeprefix("+"), quote(one, safe=""))}


def erased_ids(session: Session, message_ids: Collection[str]) -> set[str]:
    """Those of the messages whose person has been taken out of the log."""
    return set(
        session.scalars(
            text(
                "SELECT message_id::text FROM messages WHERE message_id = ANY(CAST(:ids AS uuid[]))"
                " AND message_id BETWEEN CAST(:least AS uuid) AND CAST(:greatest AS uuid) AND address = :erased"
            ),
            {
                "ids": list(message_ids),
                "least": min(message_ids),
                "greatest": max(message_ids),
                "erased": ERASED_ADDRESS,
            },
        )
    )
