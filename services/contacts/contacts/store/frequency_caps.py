"""Frequency caps, and the campaign messages that contacts of the accounts with a cap have had lately.

A message counts from when its recipient is read to be sent to: room is held for it, until it is known to have been
handed over, is let go or lapses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed

# Kinds of engagement that say that a message was handed over, whatever came of it.
SENT_KINDS = ("submitted", "delivered")
DAYS_KEPT = 90
# So long a message that was read to be sent, and of which nothing more is known, takes its place under the cap.
HELD_FOR = timedelta(hours=1)
_LOCK = "hashtextextended(CAST(%(account_id)s AS text), 1667330160)"  # "cap0"

# Whoever locks several rows does so by account, campaign and contact: two wait for one another, never in a circle. Also
# a row that stays as it is gets locked by `ON CONFLICT DO UPDATE`.
_ADD = """
INSERT INTO recent_sends (account_id, contact_id, campaign_id, day)
SELECT CAST(%(account_id)s AS uuid), one, CAST(%(campaign_id)s AS uuid), min(day)
FROM unnest(%(ids)s::text[], %(days)s::date[]) AS of_day (ids, day) CROSS JOIN LATERAL unnest(ids::uuid[]) AS one
GROUP BY one ORDER BY one
ON CONFLICT (account_id, contact_id, campaign_id) DO UPDATE SET held_until = NULL, day = excluded.day
    WHERE recent_sends.held_until IS NOT NULL
"""
_HOLD = """
INSERT INTO recent_sends (account_id, contact_id, campaign_id, day, held_until)
SELECT %(account_id)s, one, %(campaign_id)s, %(day)s, clock_timestamp() + %(held_for)s
FROM unnest(%(ids)s::uuid[]) AS one ORDER BY one
ON CONFLICT (account_id, contact_id, campaign_id) DO UPDATE SET held_until = excluded.held_until, day = excluded.day
    WHERE recent_sends.held_until IS NOT NULL
"""
_DELETE = """
WITH locked AS MATERIALIZED (
    SELECT account_id, contact_id, campaign_id FROM recent_sends r WHERE {which}
    ORDER BY account_id, campaign_id, contact_id FOR UPDATE
)
DELETE FROM recent_sends r USING locked l WHERE r.account_id = l.account_id AND r.contact_id = l.contact_id
    AND r.campaign_id = l.campaign_id AND {which}
"""
# SQL over a row of `recent_sends`, for the first day of the cap: it counts.
_COUNTS = (
    "CASE WHEN {row}.held_until IS NULL THEN {row}.day >= {first_day} ELSE {row}.held_until > clock_timestamp() END"
)
_FILL = text(
    "INSERT INTO recent_sends (account_id, contact_id, campaign_id, day)"
    " SELECT account_id, one, campaign_id, min(day) FROM engagement CROSS JOIN LATERAL unnest(contact_ids) AS one"
    " WHERE account_id = :account AND kind = 'delivered' AND day > :after GROUP BY 1, 2, 3 ON CONFLICT DO NOTHING"
)


class Cap(NamedTuple):
    """:ivar messages: as many have been enough, in so many :ivar days:, today among them."""

    messages: int
    days: int

    def first_day(self, today: date) -> date:
        return today - timedelta(days=self.days - 1)


def find(session: Session, *, account_id: UUID) -> Cap | None:
    row = session.execute(
        text("SELECT messages, days FROM frequency_caps WHERE account_id = :account"), {"account": account_id}
    ).one_or_none()
    return None if row is None else Cap(*row)


def set_cap(session: Session, *, account_id: UUID, cap: Cap, now: datetime) -> None:
    """Set it; what is known of the last days counts from the first moment on.

    Whoever records engagement holds the account's row: none is under way that does not know of the cap.
    """
    session.execute(text("SELECT FROM accounts WHERE account_id = :account FOR UPDATE"), {"account": account_id})
    is_first = find(session, account_id=account_id) is None
    session.execute(
        text(
            "INSERT INTO frequency_caps (account_id, messages, days, updated_at)"
            " VALUES (:account, :messages, :days, :now) ON CONFLICT (account_id)"
            " DO UPDATE SET messages = excluded.messages, days = excluded.days, updated_at = excluded.updated_at"
        ),
        {"account": account_id, "now": now, **cap._asdict()},
    )
    if is_first:
        session.execute(_FILL, {"account": account_id, "after": now.date() - timedelta(days=DAYS_KEPT)})


def lift(session: Session, *, account_id: UUID) -> None:
    """There is none any more; what was kept for it goes."""
    session.execute(text("SELECT FROM accounts WHERE account_id = :account FOR UPDATE"), {"account": account_id})
    for table in ("frequency_caps", "recent_sends"):
        session.execute(text(f"DELETE FROM {table} WHERE account_id = :account"), {"account": account_id})


def add_sends(cursor: psycopg.Cursor[Any], columns: Sequence[dict[str, Any]]) -> None:
    """Keep who was sent to, as a lane message has it, of accounts with a cap; twice is harmless."""
    cursor.execute(
        "SELECT account_id::text FROM frequency_caps WHERE account_id = ANY(%s::uuid[])",
        (list({column["account_id"] for column in columns}),),
    )
    capped = {account_id for (account_id,) in cursor.fetchall()}
    by_campaign: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in columns:
        if one["account_id"] in capped:
            by_campaign[one["account_id"], one["campaign_id"]].append(one)
    sent = [
        {"account_id": account_id, "campaign_id": campaign_id, "days": [one["day"] for one in of_campaign],
         "ids": ["{" + one["contact_ids"] + "}" for one in of_campaign]}
        for (account_id, campaign_id), of_campaign in sorted(by_campaign.items(), key=lambda item: item[0])
    ]  # fmt: skip
    cursor.executemany(_ADD, sent)


def lock(cursor: psycopg.Cursor[Any], *, account_id: UUID) -> None:
    """Until the end of the transaction nobody else counts what the account's contacts have had, and holds room."""
    cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK})", {"account_id": account_id})


def hold(
    cursor: psycopg.Cursor[Any], *, account_id: UUID, campaign_id: UUID, contact_ids: Sequence[str], today: date
) -> None:
    """Let a message of the campaign to each of them count from now on, for `HELD_FOR`; under `lock`."""
    cursor.execute(
        _HOLD,
        {"account_id": account_id, "campaign_id": campaign_id, "day": today, "held_for": HELD_FOR,
         "ids": list(contact_ids)},
    )  # fmt: skip


def let_go(
    session: Session,
    *,
    account_id: UUID,
    campaign_id: UUID,
    snapshot: str,
    after: int,
    numbers: Sequence[int] | None = None,
) -> int:
    """Of who is numbered above `after` nobody is about to be sent to: what is held for them does not count any more.

    :param snapshot: the table of the campaign's audience.
    :param numbers: only of these.
    """
    which = (
        "r.account_id = :account AND r.campaign_id = :campaign AND r.held_until IS NOT NULL"
        f" AND r.contact_id IN (SELECT s.contact_id FROM {snapshot} s WHERE s.number > :after"
        f"{'' if numbers is None else ' AND s.number = ANY(:numbers)'})"
    )
    named = {} if numbers is None else {"numbers": list(numbers)}
    return _delete(session, which, account=account_id, campaign=campaign_id, after=after, **named)


def forget(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID]) -> None:
    _delete(session, "r.account_id = :account AND r.contact_id = ANY(:ids)", account=account_id, ids=list(contact_ids))


def drop_before(session: Session, day: date) -> int:
    return _delete(session, "r.day < :day", day=day)


def drop_lapsed(session: Session) -> int:
    return _delete(session, "r.held_until IS NOT NULL AND r.held_until < now()")


def _delete(session: Session, which: str, **values: Any) -> int:
    """:param which: SQL over `r`."""
    return changed(session, _DELETE.format(which=which), **values)


def sql_of_had() -> str:
    """SQL over `s`: how many messages of other campaigns count for this contact.

    Parameters: the account, the campaigns that are this message (perhaps none) and the cap's first day.
    """
    return (
        "(SELECT count(*) FROM recent_sends r WHERE r.account_id = %s AND r.contact_id = s.contact_id"
        f" AND r.campaign_id <> ALL(%s::uuid[]) AND {_COUNTS.format(row='r', first_day='%s')})"
    )


def sql_of_capped(cap: Cap, today: date) -> tuple[str, dict[str, Any]]:
    """SQL over `c`: has had as many as the cap allows; its parameters, beside the account."""
    return (
        "c.id IN (SELECT contact_id FROM recent_sends r WHERE account_id = :account"
        f" AND {_COUNTS.format(row='r', first_day=':cap_from')}"
        " GROUP BY contact_id HAVING count(*) >= :cap_messages)",
        {"cap_from": cap.first_day(today), "cap_messages": cap.messages},
    )
