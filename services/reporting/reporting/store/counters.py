"""Counters: one upsert a transaction, and reading them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import columns, cursor_of
from reporting.domain.counting import METRICS, Dimension, Tally

_COLUMNS = ", ".join(METRICS)
_UPSERT = f"""
INSERT INTO counters (scope_id, dimension, key, account_id, {_COLUMNS})
SELECT * FROM unnest(%s::uuid[], %s::smallint[], %s::text[], %s::uuid[], {", ".join(["%s::bigint[]"] * len(METRICS))})
ON CONFLICT (scope_id, dimension, key) DO UPDATE
SET {", ".join(f"{metric} = counters.{metric} + excluded.{metric}" for metric in METRICS)}
"""


def add(session: Session, tally: Tally) -> None:
    """Add the tally's amounts. The rows are locked until the transaction ends, so this is its last statement."""
    changes = tally.changes()
    if not changes:
        return
    rows = [
        (scope_id, int(dimension), key, account_id, *(amounts.get(metric, 0) for metric in METRICS))
        for (scope_id, dimension, key), account_id, amounts in changes
    ]
    with cursor_of(session) as cursor:
        cursor.execute(_UPSERT, columns(rows, 4 + len(METRICS)))


def read(
    session: Session,
    *,
    account_id: UUID,
    scope_id: UUID,
    dimension: Dimension,
    most: str | None = None,
    limit: int = 10_000,
) -> dict[str, dict[str, int]]:
    """Amounts by metric, by key, of one campaign (or account) in one dimension.

    :param most: the metric of which those with most come first; otherwise they are in the order of their keys.
    """
    order = f"{most} DESC, key" if most in METRICS else "key"
    rows = session.execute(
        text(
            f"SELECT key, {_COLUMNS} FROM counters WHERE scope_id = :scope AND dimension = :dimension"
            f" AND account_id = :account ORDER BY {order} LIMIT :limit"
        ),
        {"scope": scope_id, "dimension": int(dimension), "account": account_id, "limit": limit},
    )
    return {row.key: {metric: getattr(row, metric) for metric in METRICS} for row in rows}


def hours_of_account(
    session: Session, *, account_id: UUID, first: date, last: date
) -> list[tuple[str, dict[str, int]]]:
    """What happened in an account's campaigns hour by hour of these UTC days: `sent`, `opens`, `clicks`."""
    rows = session.execute(
        text(
            "SELECT key, sum(sent) AS sent, sum(opens) AS opens, sum(clicks) AS clicks FROM counters"
            f" WHERE account_id = :account AND dimension = {int(Dimension.HOUR)} AND key >= :first AND key < :after"
            " GROUP BY key"
        ),
        # Keys go on with a T: after them all there is U, also of the last day that there is.
        {"account": account_id, "first": first.isoformat(), "after": f"{last.isoformat()}U"},
    )
    return [(row.key, {name: int(getattr(row, name)) for name in ("sent", "opens", "clicks")}) for row in rows]


def no_amounts() -> dict[str, int]:
    return dict.fromkeys(METRICS, 0)


def summed(rows: Iterable[dict[str, int]]) -> dict[str, int]:
    """The sum of several rows, metric by metric."""
    total = no_amounts()
    for row in rows:
        for metric, amount in row.items():
            total[metric] += amount
    return total
