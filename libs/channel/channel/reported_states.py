"""Reports of messages into a ledger with `read_at`, in batches; what matches nothing yet is parked, never lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from psycopg import Cursor

from channel.ports import Event
from channel.providers.reported import Reported, together
from chassis.database import columns
from contracts.vocabulary import ERASED_ADDRESS, Channel, Engagement, MessageState

KEEP_PARKED = timedelta(days=3)

# Each message is looked up by itself, through the primary key, and LIMIT leaves no other way: without statistics the
# planner would walk the day's partition. The account is that of the sender at whose hook it was told: nobody tells
# anything of another account's messages. What is found is locked, so that of two processes that are told of one
# message the second sees what the first has made of it; it is written as an insert that always meets its row.
_APPLY = f"""
WITH hit AS MATERIALIZED (
  SELECT r.id, r.state AS told, r.code, r.at, r.read_at, f.account_id, f.campaign_id, f.contact_id, f.state AS was,
    f.read_at AS was_read,
    CASE WHEN r.state = 'submitted' THEN f.state = 'deferred'
         ELSE f.state IN ('accepted', 'deferred', 'submitted', 'unknown') END AS moves
  FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[], %(states)s::text[], %(codes)s::text[], %(ats)s::timestamptz[],
    %(reads)s::timestamptz[]) AS r(id, account_id, state, code, at, read_at)
  CROSS JOIN LATERAL (
    SELECT account_id, campaign_id, contact_id, state, read_at FROM ledger
    WHERE message_id = r.id AND account_id = r.account_id LIMIT 1 FOR NO KEY UPDATE
  ) f
), written AS (
  INSERT INTO ledger AS l (message_id, account_id, address, state, code, updated_at, read_at)
  SELECT id, account_id, '{ERASED_ADDRESS}', told, code, at, read_at FROM hit
  WHERE moves OR (read_at IS NOT NULL AND was_read IS NULL)
  ON CONFLICT (message_id) DO UPDATE SET
    state = CASE WHEN l.state IN ('accepted', 'deferred', 'submitted', 'unknown') THEN excluded.state ELSE l.state END,
    code = CASE WHEN l.state IN ('accepted', 'deferred', 'submitted', 'unknown') THEN excluded.code ELSE l.code END,
    updated_at = CASE WHEN l.state IN ('accepted', 'deferred', 'submitted', 'unknown') THEN excluded.updated_at
      ELSE l.updated_at END,
    read_at = coalesce(l.read_at, excluded.read_at)
  RETURNING l.message_id
)
SELECT h.id::text, h.account_id::text, h.campaign_id::text, h.contact_id::text, h.moves,
  h.read_at IS NOT NULL AND h.was_read IS NULL, w.message_id IS NOT NULL, h.was
FROM hit h LEFT JOIN written w ON w.message_id = h.id
"""


class Due(NamedTuple):
    """All that is known of a message, of the account whose sender it was told of."""

    account_id: UUID
    message_id: UUID
    reported: Reported
    tries: int = 0


def apply(cursor: Cursor[Any], channel: Channel, reports: Sequence[Due]) -> tuple[list[Event], list[Due]]:
    """Write them down; returns the delivery events of the changes, and what matches no message."""
    due = _together(reports)
    if not due:
        return [], []
    cursor.execute(_APPLY, _arguments(list(due.values())))
    events: list[Event] = []
    arrived: list[str] = []
    for message_id, account_id, campaign_id, contact_id, moves, is_read, is_written, was in cursor.fetchall():
        one = due.pop((UUID(message_id), UUID(account_id)))
        if not is_written:
            continue
        same = {
            "message_id": message_id, "account_id": account_id, "campaign_id": campaign_id, "contact_id": contact_id,
            "channel": channel,
        }  # fmt: skip
        events += _events(same, one.reported, moves=moves, is_read=is_read)
        if was == MessageState.DEFERRED and moves:
            arrived.append(message_id)
    _take_off_schedule(cursor, arrived)
    return events, list(due.values())


def _together(reports: Sequence[Due]) -> dict[tuple[UUID, UUID], Due]:
    """One of each message and account that tells of it, in one order, so that two transactions wait for each other."""
    by_message: dict[tuple[UUID, UUID], list[Due]] = defaultdict(list)
    for one in reports:
        by_message[one.message_id, one.account_id].append(one)
    found: dict[tuple[UUID, UUID], Due] = {}
    for key in sorted(by_message):
        some = by_message[key]
        whole, tries = together(one.reported for one in some), max(one.tries for one in some)
        found[key] = Due(key[1], key[0], whole, tries)
    return found


def _events(same: Mapping[str, Any], told: Reported, *, moves: bool, is_read: bool) -> list[Event]:
    events: list[Event] = []
    if moves:
        change = {**same, "at": told.at, "kind": told.state}
        events.append({**change, "code": told.code} if told.code else change)
    if is_read and told.read_at is not None:
        seen = str(uuid5(UUID(same["message_id"]), Engagement.OPENED))
        events.append({**same, "at": told.read_at, "kind": Engagement.OPENED, "event_id": seen})
    return events


def _take_off_schedule(cursor: Cursor[Any], message_ids: Sequence[str]) -> None:
    """Whose answer was lost, and which the provider has all the same: they are not sent again."""
    if message_ids:
        cursor.execute("DELETE FROM retries WHERE message_id = ANY(%s::uuid[])", (list(message_ids),))


def _arguments(due: Sequence[Due]) -> dict[str, Any]:
    told = [one.reported for one in due]
    return {
        "ids": [one.message_id for one in due],
        "accounts": [one.account_id for one in due],
        "states": [str(one.state) for one in told],
        "codes": [one.code for one in told],
        "ats": [datetime.fromtimestamp(one.at, UTC) for one in told],
        "reads": [_moment(one.read_at) for one in told],
    }


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def park(cursor: Cursor[Any], due: Sequence[Due], now: datetime) -> None:
    """Keep for another look, each time twice as far away; what matches nothing for days is given up.

    Table: `tables.create_parked_reports`.
    """
    rows = [
        (
            one.account_id, one.message_id, str(one.reported.state), one.reported.code, _moment(one.reported.at),
            _moment(one.reported.read_at), one.tries + 1, now + timedelta(seconds=min(2.0**one.tries, 3600.0)),
        )
        for one in due
        if now.timestamp() - one.reported.at < KEEP_PARKED.total_seconds()
    ]  # fmt: skip
    if rows:
        cursor.execute(
            "INSERT INTO parked_reports (account_id, message_id, state, code, at, read_at, tries, next_at)"
            " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[],"
            " %s::timestamptz[], %s::int[], %s::timestamptz[])",
            columns(rows, 8),
        )


def take_parked(cursor: Cursor[Any], limit: int = 1_000) -> list[Due]:
    """Take what is due for another look out of the parking, in the caller's transaction."""
    cursor.execute(
        "DELETE FROM parked_reports WHERE position = ANY (ARRAY(SELECT position FROM parked_reports"
        " WHERE next_at <= now() ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED))"
        " RETURNING account_id, message_id, state, code, extract(epoch FROM at)::float8,"
        " extract(epoch FROM read_at)::float8, tries",
        (limit,),
    )
    return [
        Due(account_id, message_id, Reported(MessageState(state), at, code, read_at), tries)
        for account_id, message_id, state, code, at, read_at, tries in cursor.fetchall()
    ]
