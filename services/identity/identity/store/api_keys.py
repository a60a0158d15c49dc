"""API keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from chassis.database import changed
from identity.models import ApiKey, ApiKeyUse

_REVOKE = text("""
WITH RECURSIVE made AS (
    SELECT id FROM api_keys WHERE id = ANY(CAST(:roots AS uuid[]))
    UNION SELECT k.id FROM api_keys k JOIN made ON k.made_by = made.id
)
UPDATE api_keys SET revoked_at = :now WHERE id IN (
    SELECT id FROM api_keys WHERE id IN (SELECT id FROM made) AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE
)
""")
_IS_MADE_BY = text("""
WITH RECURSIVE makers AS (
    SELECT id, made_by FROM api_keys WHERE id = :api_key_id
    UNION SELECT k.id, k.made_by FROM api_keys k JOIN makers ON k.id = makers.made_by
)
SELECT EXISTS (SELECT FROM makers WHERE id = :maker_id)
""")
# In the order of ids, as wherever keys are locked: processes store at once what they have seen of the same keys.
_LOCK_KEYS = text("SELECT id FROM api_keys WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE")
_KEYS_USED = text("""
UPDATE api_keys k SET last_used_at = used.at
FROM (SELECT id, max(at) AS at FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS each (id, at)
      GROUP BY id) AS used
WHERE k.id = used.id AND (k.last_used_at IS NULL OR k.last_used_at < used.at)
""")
MOST_USES = 50
"""Addresses that are kept of each key."""
_NOTE_USES = text("""
INSERT INTO api_key_uses AS u (api_key_id, address, last_at)
SELECT k.id, used.address, max(used.at)
FROM unnest(CAST(:ids AS uuid[]), CAST(:addresses AS text[]), CAST(:times AS timestamptz[])) AS used (id, address, at)
JOIN api_keys k ON k.id = used.id
GROUP BY k.id, used.address
ON CONFLICT (api_key_id, address) DO UPDATE SET last_at = greatest(u.last_at, excluded.last_at)
""")
_DROP_OLD_USES = text("""
DELETE FROM api_key_uses u USING (
    SELECT api_key_id, address, row_number() OVER (PARTITION BY api_key_id ORDER BY last_at DESC, address) AS place
    FROM api_key_uses WHERE api_key_id = ANY(CAST(:ids AS uuid[]))
) AS each
WHERE u.api_key_id = each.api_key_id AND u.address = each.address AND each.place > :most
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


def api_key(session: Session, *, account_id: UUID, api_key_id: UUID, for_update: bool = False) -> ApiKey | None:
    """A key that has not been revoked."""
    query = select(ApiKey).where(ApiKey.id == api_key_id, ApiKey.account_id == account_id, ApiKey.revoked_at.is_(None))
    if not for_update:
        return session.scalar(query)
    return session.scalar(query.with_for_update(), execution_options={"populate_existing": True})


def keys_of_for_update(session: Session, *, user_id: UUID) -> Sequence[ApiKey]:
    """A user's keys that have not been revoked, locked."""
    query = select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None)).order_by(ApiKey.id)
    return session.scalars(query.with_for_update()).all()


def uses_of(session: Session, *, api_key_id: UUID) -> Sequence[ApiKeyUse]:
    """Where a key was last used, the latest first; at most `MOST_USES`."""
    query = select(ApiKeyUse).where(ApiKeyUse.api_key_id == api_key_id)
    return session.scalars(query.order_by(ApiKeyUse.last_at.desc(), ApiKeyUse.address).limit(MOST_USES)).all()


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


def keys_used(session: Session, used_at: Mapping[tuple[UUID, str], datetime]) -> None:
    """Store when keys were last seen, and where; a time never goes back."""
    uses = sorted(used_at)
    ids, addresses = [key_id for key_id, _ in uses], [address for _, address in uses]
    times = [used_at[use] for use in uses]
    session.execute(_LOCK_KEYS, {"ids": ids})
    session.execute(_KEYS_USED, {"ids": ids, "times": times})
    session.execute(_NOTE_USES, {"ids": ids, "addresses": addresses, "times": times})
    session.execute(_DROP_OLD_USES, {"ids": ids, "most": MOST_USES})
