"""Queries on prepared contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis.database import columns, cursor_of
from email_gateway.models import Content

_PRESENT = (
    "SELECT k.content_hash FROM unnest(%s::text[]) AS k(content_hash)"
    " WHERE EXISTS (SELECT FROM contents c WHERE c.content_hash = k.content_hash)"
)
_KEEP = (
    "INSERT INTO contents (content_hash, account_id, document)"
    " SELECT * FROM unnest(%s::text[], %s::uuid[], %s::jsonb[]) ON CONFLICT DO NOTHING"
)


def keep(session: Session, *, content_hash: str, account_id: UUID, document: dict[str, Any]) -> None:
    """Store the content unless it is there already: the hash says that it would be the same."""
    session.execute(
        insert(Content)
        .values(content_hash=content_hash, account_id=account_id, document=document)
        .on_conflict_do_nothing()
    )


def ensure(session: Session, contents: Sequence[tuple[str, UUID, Mapping[str, Any]]]) -> None:
    """As `keep`, of (hash, account, document) each: what is there already is not sent to the database again."""
    cursor = cursor_of(session)
    cursor.execute(_PRESENT, ([name for name, _, _ in contents],))
    present = {row[0] for row in cursor.fetchall()}
    # In the order of their hashes, so that two transactions with the same contents wait for each other in one order.
    rows = sorted({name: (account_id, document) for name, account_id, document in contents}.items(), key=itemgetter(0))
    missing = [
        (name, account_id, orjson.dumps(document).decode())
        for name, (account_id, document) in rows
        if name not in present
    ]
    if missing:
        cursor.execute(_KEEP, columns(missing, 3))


def document(session: Session, *, account_id: UUID, content_hash: str) -> dict[str, Any] | None:
    return session.scalar(
        select(Content.document).where(Content.account_id == account_id, Content.content_hash == content_hash)
    )


def erase_account(session: Session, *, account_id: UUID) -> None:
    session.execute(delete(Content).where(Content.account_id == account_id))


def sender_of(session: Session, *, content_hash: str) -> Any:
    """`account_id` and `sender` (the From address) of a content; None where there is none."""
    return session.execute(
        select(Content.account_id, Content.document["from_email"].astext.label("sender")).where(
            Content.content_hash == content_hash
        )
    ).one_or_none()
