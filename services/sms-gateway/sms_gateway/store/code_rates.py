"""Counts of one-time codes by account and number, exact over all processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from psycopg import Cursor

from chassis.database import columns
from sms_gateway.domain.code_rates import WITHIN, Window, key_of
from sms_gateway.domain.sends import Plan

# One row after the other in one order, so that two that count at once do not wait for each other.
_HOLD = (
    "INSERT INTO code_rates AS r (key, started_at, codes) SELECT key, %s, 0 FROM unnest(%s::bytea[]) AS key"
    " ORDER BY key ON CONFLICT (key) DO UPDATE SET"
    " codes = CASE WHEN r.started_at <= %s THEN 0 ELSE r.codes END,"
    " started_at = CASE WHEN r.started_at <= %s THEN excluded.started_at ELSE r.started_at END"
    " RETURNING key, started_at, codes"
)
_ADD = (
    "UPDATE code_rates r SET codes = r.codes + a.codes FROM unnest(%s::bytea[], %s::int[]) AS a(key, codes)"
    " WHERE r.key = a.key"
)


class CodeRates:
    """What the numbers of some plans have got. Others that count the same ones wait until the transaction ends."""

    def __init__(self, windows: Mapping[bytes, Window], now: datetime) -> None:
        self._windows, self._now = windows, now
        self._added: Counter[bytes] = Counter()

    def wait(self, plan: Plan) -> float:
        """Seconds until all of the plan may be sent; 0: now."""
        added = self._added
        windows = ((self._windows[key], added[key]) for key in _keys(plan))
        return max((Window(at, codes + more).wait(self._now) for (at, codes), more in windows), default=0.0)

    def note(self, plan: Plan) -> None:
        self._added.update(_keys(plan))

    def write_at(self, cursor: Cursor[Any]) -> None:
        """For a pipeline."""
        if self._added:
            cursor.execute(_ADD, columns(list(self._added.items()), 2))


def ask_rates(cursor: Cursor[Any], plans: Iterable[Plan], now: datetime) -> Callable[[], CodeRates]:
    """For a pipeline: what is returned is called once it has ended."""
    keys = {key for plan in plans for key in _keys(plan)}
    if not keys:
        return lambda: CodeRates({}, now)
    over = now - WITHIN
    cursor.execute(_HOLD, (now, list(keys), over, over))
    return lambda: CodeRates({bytes(row[0]): Window(row[1], row[2]) for row in cursor.fetchall()}, now)


def _keys(plan: Plan) -> list[bytes]:
    return [key_of(plan.account_id, address) for address in plan.addresses] if plan.is_code else []


def forget_old(cursor: Cursor[Any], now: datetime) -> None:
    cursor.execute("DELETE FROM code_rates WHERE started_at <= %s", (now - WITHIN,))
