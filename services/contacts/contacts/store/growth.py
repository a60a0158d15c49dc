"""How an account's base changed hour by hour: kept by the triggers of contacts and the archive.

They add a row for each statement (`growth_steps`), for which nobody waits; these are folded into a row for each hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed

FOLDED_AT_ONCE = 20_000

_BETWEEN = text(
    "SELECT hour, CAST(sum(added) AS bigint) AS added, CAST(sum(gone) AS bigint) AS gone,"
    " CAST(sum(archived) AS bigint) AS archived FROM ("
    " SELECT account_id, hour, added, gone, archived FROM growth"
    " UNION ALL SELECT account_id, hour, added, gone, archived FROM growth_steps) AS every"
    " WHERE account_id = :account AND hour >= :since AND hour < :until GROUP BY hour ORDER BY hour"
)
# In one order: two that fold the same hours at once wait for one another, never in a circle.
_FOLD = f"""
WITH taken AS (
    DELETE FROM growth_steps WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM growth_steps LIMIT {FOLDED_AT_ONCE} FOR UPDATE SKIP LOCKED))
    RETURNING *
)
INSERT INTO growth AS g (account_id, hour, added, gone, archived)
SELECT account_id, hour, sum(added), sum(gone), sum(archived) FROM taken GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (account_id, hour) DO UPDATE SET added = g.added + excluded.added, gone = g.gone + excluded.gone,
    archived = g.archived + excluded.archived
"""


def between(session: Session, *, account_id: UUID, since: datetime, until: datetime) -> Sequence[RowMapping]:
    """Hours (UTC) that begin in this time and in which anything changed."""
    return session.execute(_BETWEEN, {"account": account_id, "since": since, "until": until}).mappings().all()


def fold(session: Session) -> int:
    """Fold some of what was added into the rows of its hours; returns how many rows of hours changed, 0 at the end."""
    return changed(session, _FOLD)
