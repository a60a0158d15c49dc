"""API keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from chassis.database import changed
from identity.models import ApiKey

_REVOKE = text("""
WITH RECURSIVE made AS (
    SELECT id FROM api_keys WHERE id = ANY(CAST(:roots AS uuid[]))
    UNION SELECT k.id FROM api_keys k JOIN made ON k.made_by = made.id
)
UPDATE api_keys SET revoked_at = :now WHERE id IN (SELECT id FROM made) AND revoked_at IS NULL
""")
_IS_MADE_BY = text("""
WITH RECURSIVE makers AS (
    SELECT id, made_by FROM api_keys WHERE id = :api_key_id
    UNION SELECT k.id, k.made_by FROM api_keys k JOIN makers ON k.id = makers.made_by
)
SELECT EXISTS (SELECT FROM makers WHERE id = :maker_id)
""")
_KEYS_USED = text("""
UPDATE api_keys k SET last_used_at = used.at
FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS used (id, at)
WHERE k.id = used.id AND (k.last_used_at IS NULL OR k.last_used_at < used.at)
""")


def insert_api_key(session: Session, **columns: Any) -> ApiKey:
    key = ApiKey(**columns)
    session.add(key)
    session.flush()
    return key


def api_keys_page(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> Sequence[ApiKey]:
    query = select(ApiKey).where(ApiKey.account_id == account_id, ApiKey.revoked_at.is_(None))
    if after is not None:
        query = query.where(ApiKey.id > after)
    return session.scalars(query.order_by(ApiKey.id).limit(limit)).all()


def api_key(session: Session, *, account_id: UUID, api_key_id: UUID) -> ApiKey | None:
    """A key that has not been revoked."""
    query = select(ApiKey).where(ApiKey.id == api_key_id, ApiKey.account_id == account_id, ApiKey.revoked_at.is_(None))
    return session.scalar(query)


def live_api_key(session: Session, *, account_id: UUID, api_key_id: UUID) -> ApiKey | None:
    """A key that has not been revoked; locked until the commit, so that it is not revoked a moment later."""
    query = select(ApiKey).where(ApiKey.id == api_key_id, ApiKey.account_id == account_id, ApiKey.revoked_at.is_(None))
    return session.scalar(query.with_for_update(read=True))


def revoke_api_key(session: Session, *, account_id: UUID, api_key_id: UUID, now: datetime) -> bool:
    """Revoke a key and all that it made, and those made; False when the account has no such key, or no more."""
    query = select(ApiKey.id).where(
        ApiKey.id == api_key_id, ApiKey.account_id == account_id, ApiKey.revoked_at.is_(None)
    )
    root = session.scalar(query.with_for_update())
    if root is None:
        return False
    _revoke(session, [root], now)
    return True


def is_made_by(session: Session, *, api_key_id: UUID, maker_id: UUID) -> bool:
    """Whether the key is `maker_id` itself, or was made by it, or by one that it made."""
    return bool(session.scalar(_IS_MADE_BY, {"api_key_id": api_key_id, "maker_id": maker_id}))


def revoke_keys_of(session: Session, *, user_id: UUID, now: datetime) -> int:
    """Revoke all of a user's keys; returns how many there were."""
    query = select(ApiKey.id).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None)).order_by(ApiKey.id)
    roots = session.scalars(query.with_for_update()).all()
    _revoke(session, roots, now)
    return len(roots)


def _revoke(session: Session, roots: Sequence[UUID], now: datetime) -> None:
    # Making a key locks the one that asks; so what was made while this waited is found by the next turn.
    while changed(session, _REVOKE, roots=list(roots), now=now):
        pass


def keys_used(session: Session, used_at_by_key_id: Mapping[UUID, datetime]) -> None:
    """Store when keys were last seen; a time never goes back."""
    ids = sorted(used_at_by_key_id)
    session.execute(_KEYS_USED, {"ids": ids, "times": [used_at_by_key_id[key_id] for key_id in ids]})
