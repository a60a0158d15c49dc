"""Contents: immutable, known by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from chassis.database import Session, cursor_of
from sms_gateway.models import Content


def content_hash(account_id: UUID, sender: str, content: Mapping[str, Any]) -> str:
    canonical = orjson.dumps([str(account_id), sender, content], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()


def keep_content(session: Session, *, account_id: UUID, sender: str, content: dict[str, Any]) -> str:
    """Store an immutable content; returns its hash."""
    return keep_contents(session, [(account_id, sender, content)])[0]


def keep_contents(session: Session, contents: Sequence[tuple[UUID, str, dict[str, Any]]]) -> list[str]:
    """Store immutable contents, (account, sender, content) each; returns their hashes."""
    names = [content_hash(*each) for each in contents]
    # In the order of their hashes, so that two transactions with the same contents wait for each other in one order.
    rows = sorted(dict(zip(names, contents, strict=True)).items())
    cursor_of(session).execute(
        "INSERT INTO contents (content_hash, account_id, sender, content)"
        " SELECT * FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::jsonb[]) ON CONFLICT DO NOTHING",
        (
            [name for name, _ in rows],
            [account_id for _, (account_id, _, _) in rows],
            [sender for _, (_, sender, _) in rows],
            [orjson.dumps(content).decode() for _, (_, _, content) in rows],
        ),
    )
    return names


def content(session: Session, name: str, *, account_id: UUID | None = None) -> Content | None:
    query = select(Content).where(Content.content_hash == name)
    if account_id is not None:
        query = query.where(Content.account_id == account_id)
    return session.scalar(query)
