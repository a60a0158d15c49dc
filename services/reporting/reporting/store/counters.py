"""Counters: one upsert a transaction, and reading them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import columns, cursor_of
from reporting.domain.counting import METRICS, Dimension, Tally
from reporting.domain.zone_days import Span

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


def totals_of(session: Session, *, account_id: UUID, scope_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """Amounts by metric of these campaigns, as far as there are any."""
    rows = session.execute(
        text(
            f"SELECT scope_id, {_COLUMNS} FROM counters WHERE scope_id = ANY(:scopes)"
            f" AND dimension = {int(Dimension.TOTAL)} AND key = '' AND account_id = :account"
        ),
        {"scopes": list(scope_ids), "account": account_id},
    )
    return {row.scope_id: {metric: getattr(row, metric) for metric in METRICS} for row in rows}


def days_of_account(session: Session, *, account_id: UUID, first: date, last: date) -> dict[str, dict[str, int]]:
    """Amounts by metric, by UTC day and channel, of the messages accepted on these days."""
    rows = session.execute(
        text(
            f"SELECT key, {_COLUMNS} FROM counters WHERE scope_id = :account AND dimension = {int(Dimension.DAY)}"
            " AND account_id = :account AND key >= :first AND key < :after ORDER BY key"
        ),
        # Keys go on with a space: after them all there is an exclamation mark, also of the last day that there is.
        {"account": account_id, "first": first.isoformat(), "after": f"{last.isoformat()}!"},
    )
    return {row.key: {metric: getattr(row, metric) for metric in METRICS} for row in rows}


def moved_of_account(
    session: Session, *, account_id: UUID, spans: Iterable[Span]
) -> dict[tuple[date, date, str], dict[str, int]]:
    """Amounts by metric of the messages accepted in these hours, by their UTC day, the day to which `span.step` leads,
    and the channel.

    Of a day that an older release counted, the hours hold what changed since, or a part of it: a delivery would be
    moved without its message. So only of days whose hours are all of them; the others stay days of UTC.
    """
    return {
        (day, day + span.step, channel): amounts
        for span in spans
        for day, channel, amounts in _summed_by_day(session, account_id, span)
    }


def _summed_by_day(session: Session, account_id: UUID, span: Span) -> Iterator[tuple[date, str, dict[str, int]]]:
    """By UTC day and channel, of these hours of each day alone, where a day's hours sum to the day's amounts.

    In one statement, which sees a day and its hours at one moment.
    """
    sums = ", ".join(f"sum({metric}) AS {metric}" for metric in METRICS)
    of_span = ", ".join(f"(sum({metric}) FILTER (WHERE is_in_span))::bigint AS {metric}" for metric in METRICS)
    of_day = ", ".join(f"sum({metric}) AS day_{metric}" for metric in METRICS)
    is_whole = " AND ".join(f"d.{metric} = h.day_{metric}" for metric in METRICS)
    rows = session.execute(
        text(
            f"SELECT CAST(h.day AS date) AS day, h.channel, {', '.join(f'h.{metric}' for metric in METRICS)} FROM ("
            f"SELECT day, channel, {of_span}, {of_day} FROM ("
            # The hours of either kind are summed first: whether it is in the span is then asked once a row.
            "SELECT left(key, 10) AS day, substr(key, 15) AS channel,"
            f" substr(key, 12, 2) = ANY(:hours) AS is_in_span, {sums} FROM counters"
            f" WHERE scope_id = :account AND dimension = {int(Dimension.ACCOUNT_HOUR)} AND account_id = :account"
            " AND key >= :first AND key < :after GROUP BY 1, 2, 3) hours GROUP BY 1, 2 HAVING bool_or(is_in_span)) h"
            f" JOIN counters d ON d.scope_id = :account AND d.dimension = {int(Dimension.DAY)}"
            f" AND d.account_id = :account AND d.key = h.day || ' ' || h.channel WHERE {is_whole}"
        ),
        # Keys go on with a T: after them all there is U, also of the last day that there is.
        {
            "account": account_id,
            "first": span.first.isoformat(),
            "after": f"{span.last.isoformat()}U",
            "hours": [f"{hour:02d}" for hour in span.hours],
        },
    )
    for row in rows:
        yield row.day, row.channel, {metric: getattr(row, metric) for metric in METRICS}


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
