"""Templates that WhatsApp keeps, as they were read last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from chassis.database import Session, changed
from chassis.ids import new_id
from ott_gateway.models import WhatsappTemplate

_PUT = """
INSERT INTO templates AS t (id, account_id, sender_id, name, language, status, category, components)
SELECT r.id, :account, :sender, r.name, r.language, r.status, r.category, CAST(r.components AS jsonb)
FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:languages AS text[]), CAST(:statuses AS text[]),
    CAST(:categories AS text[]), CAST(:components AS text[])) AS r(id, name, language, status, category, components)
ON CONFLICT (sender_id, name, language) DO UPDATE
SET status = excluded.status, category = excluded.category, components = excluded.components, updated_at = now()
WHERE (t.status, t.category, t.components) IS DISTINCT FROM (excluded.status, excluded.category, excluded.components)
"""
_FORGET = """
DELETE FROM templates t WHERE t.sender_id = :sender AND NOT EXISTS (
    SELECT FROM unnest(CAST(:names AS text[]), CAST(:languages AS text[])) AS r(name, language)
    WHERE r.name = t.name AND r.language = t.language)
"""


def replace(session: Session, *, account_id: UUID, sender_id: UUID, found: Sequence[dict[str, Any]]) -> None:
    """These are all that there are."""
    by_key = {(one["name"], one["language"]): one for one in found}
    kept = list(by_key.values())
    names, languages = ([one[name] for one in kept] for name in ("name", "language"))
    changed(
        session, _PUT,
        account=account_id, sender=sender_id, ids=[new_id() for _ in kept], names=names, languages=languages,
        statuses=[one["status"] for one in kept], categories=[one["category"] for one in kept],
        components=[orjson.dumps(one["components"]).decode() for one in kept],
    )  # fmt: skip
    changed(session, _FORGET, sender=sender_id, names=names, languages=languages)


def find(session: Session, sender_id: UUID, name: str, language: str) -> WhatsappTemplate | None:
    query = select(WhatsappTemplate).where(
        WhatsappTemplate.sender_id == sender_id, WhatsappTemplate.name == name, WhatsappTemplate.language == language
    )
    return session.scalar(query)


def page(
    session: Session, sender_id: UUID, *, q: str | None, status: str | None, after: UUID | None, limit: int
) -> Sequence[WhatsappTemplate]:
    query = select(WhatsappTemplate).where(WhatsappTemplate.sender_id == sender_id)
    if q is not None:
        query = query.where(WhatsappTemplate.name.contains(q.lower(), autoescape=True))
    if status is not None:
        query = query.where(WhatsappTemplate.status == status.upper())
    query = query.order_by(WhatsappTemplate.id).limit(limit)
    return session.scalars(query if after is None else query.where(WhatsappTemplate.id > after)).all()
