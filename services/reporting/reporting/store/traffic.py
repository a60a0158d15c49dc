"""What became of the messages of every account, read from the counters of its days."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts.vocabulary import Channel
from reporting.domain.counting import METRICS, Dimension

_OF_DAYS = (
    f"dimension = {int(Dimension.DAY)} AND key >= :first AND key < :end AND messages > 0"
    " AND (CAST(:channel AS text) IS NULL OR substr(key, 12) = :channel)"
)
# A walk from account to account along `counters_account`, one probe each and no further than the limit: most counters
# are those of campaigns. LATERAL with LIMIT leaves no other plan than a probe of the primary key for each account.
_SOME = f"""
WITH RECURSIVE walk (id) AS (
    SELECT CAST(:after AS uuid)
    UNION ALL
    SELECT (SELECT account_id FROM counters WHERE account_id > walk.id ORDER BY account_id LIMIT 1)
    FROM walk WHERE walk.id IS NOT NULL
)
SELECT walk.id FROM walk
CROSS JOIN LATERAL (SELECT FROM counters WHERE scope_id = walk.id AND {_OF_DAYS} LIMIT 1) seen
WHERE walk.id > :after LIMIT :limit
"""
_ONE = "SELECT CAST(:account AS uuid) AS id"
_SUMS = ", ".join(f"sum({metric})::bigint AS {metric}" for metric in METRICS)
_SUMMED = f"""
SELECT accounts.id, of_days.* FROM (%s) accounts
CROSS JOIN LATERAL (
    SELECT substr(key, 12) AS channel, {_SUMS} FROM counters WHERE scope_id = accounts.id AND {_OF_DAYS} GROUP BY 1
) of_days
ORDER BY accounts.id, of_days.channel
"""
_BEFORE_ALL = UUID(int=0)

AmountsByChannel = dict[str, dict[str, int]]


class Days(NamedTuple):
    """Days of UTC, both included, on all channels or on one."""

    first: date
    last: date
    channel: Channel | None = None

    def bounds(self) -> dict[str, Any]:
        # Keys go on with a space: after them all there is an exclamation mark, also of the last day that there is.
        return {"first": self.first.isoformat(), "end": f"{self.last.isoformat()}!", "channel": self.channel}


def of_accounts(session: Session, days: Days, *, after: UUID | None, limit: int) -> dict[UUID, AmountsByChannel]:
    """Amounts by metric, by channel, by account: of those with messages on these days, in the order of their ids."""
    return _read(session, _SOME, {**days.bounds(), "after": after or _BEFORE_ALL, "limit": limit})


def of_account(session: Session, days: Days, account_id: UUID) -> dict[UUID, AmountsByChannel]:
    """The same of one account; nothing where it has no messages on these days."""
    return _read(session, _ONE, {**days.bounds(), "account": account_id})


def _read(session: Session, which: str, asked: dict[str, Any]) -> dict[UUID, AmountsByChannel]:
    found: dict[UUID, AmountsByChannel] = {}
    for row in session.execute(text(_SUMMED % which), asked):
        amounts = {metric: getattr(row, metric) for metric in METRICS}
        found.setdefault(row.id, {})[row.channel] = amounts
    return found
