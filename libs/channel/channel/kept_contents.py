"""Texts of single messages in a channel with the plain ledger: kept while a message may leave with them, and forgotten
with the person they went to. A campaign's content has no `keep_until`: it is kept for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Session, changed
from contracts.ids import first_id_at
from contracts.vocabulary import ERASED_ADDRESS

KEPT = timedelta(days=8)  # from the last message that was made with it; one that waits for longer puts the sweep off
SLACK = timedelta(days=1)  # kept for so much longer, so that a content that is sent often is rarely written
SWEPT_AT_ONCE = 1_000

_KEEP = """
INSERT INTO contents AS c (content_hash, account_id, sender, content, keep_until)
VALUES (:name, :account, :sender, CAST(:content AS jsonb), :until)
ON CONFLICT (content_hash) DO UPDATE SET keep_until = excluded.keep_until WHERE c.keep_until < :least
"""
_STEM = "CAST(left(CAST(r.message_id AS text), 28) || '00000000' AS uuid)"
_SWEEP = f"""
WITH due AS MATERIALIZED (
    SELECT content_hash FROM contents WHERE keep_until < :now ORDER BY keep_until LIMIT :limit FOR UPDATE SKIP LOCKED
), waiting AS MATERIALIZED (
    SELECT DISTINCT s.content_hash FROM retries r JOIN sends s ON s.stem_id = {_STEM}
    WHERE r.campaign_id IS NULL AND r.message_id < :recent AND EXISTS (SELECT FROM due)
), seen AS MATERIALIZED (
    SELECT content_hash, content_hash IN (SELECT content_hash FROM waiting) AS waits FROM due
), gone AS (
    DELETE FROM contents c USING seen WHERE c.content_hash = seen.content_hash AND NOT seen.waits
), put_off AS (
    UPDATE contents c SET keep_until = :later FROM seen WHERE c.content_hash = seen.content_hash AND seen.waits
)
SELECT count(*) FROM seen
"""
# A text stays while somebody else has had it: whoever of its sends is not erased.
_FORGET = """
DELETE FROM contents c USING sends theirs
WHERE theirs.account_id = :account AND theirs.stem_id = ANY(:stems) AND c.content_hash = theirs.content_hash
AND c.account_id = :account AND c.keep_until IS NOT NULL AND NOT EXISTS (
    SELECT FROM sends s JOIN ledger l ON l.message_id > s.stem_id
    AND l.message_id <= CAST(left(CAST(s.stem_id AS text), 28) || 'ffffffff' AS uuid)
    WHERE s.account_id = :account AND s.content_hash = c.content_hash AND l.address <> :erased
)
"""


def keep(
    session: Session, *, name: str, account_id: UUID, sender: str, content: Mapping[str, Any], now: datetime
) -> None:
    """Store the content of a single send under its hash, or keep it for longer."""
    changed(
        session, _KEEP,
        name=name, account=account_id, sender=sender, content=orjson.dumps(content).decode(),
        until=now + KEPT + SLACK, least=now + KEPT,
    )  # fmt: skip


def sweep(session: Session, now: datetime) -> int:
    """Delete contents of single sends that nothing waits to leave with; returns how many were looked at."""
    asked = {"now": now, "later": now + SLACK, "limit": SWEPT_AT_ONCE, "recent": first_id_at(now - KEPT)}
    return int(session.scalar(text(_SWEEP), asked) or 0)


def forget(session: Session, *, account_id: UUID, message_ids: Collection[UUID]) -> None:
    """Texts of these messages, whose addresses are erased by now, that went to nobody else."""
    stems = sorted({UUID(int=one.int >> 32 << 32) for one in message_ids})
    changed(session, _FORGET, account=account_id, stems=stems, erased=ERASED_ADDRESS)
