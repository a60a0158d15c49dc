"""Messages that a carrier took and never told of: they end once their time and a day are over.

The ledger is read once, in the order of its ids, as it grows old: `overdue_position` says how far. An index on what is
open would be paid for by every message. What leaves only when its id is that old already, of a campaign that was paused
for days, is written down in `overdue_later` as it is settled: the reading may have passed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor

from channel.ports import Event
from contracts.ids import created_at, first_id_at
from contracts.sms_gateway.contents import VALIDITY_MAX
from contracts.vocabulary import ERASED_ADDRESS, MessageState
from sms_gateway.batches import SmsMessage, receipt_event

# The longest time that a message may be given, and a day more: receipts come late.
AFTER = timedelta(minutes=VALIDITY_MAX) + timedelta(days=1)
# A settlement takes less than this from its moment to its commit: what it does not write down is read later.
BEFORE = timedelta(hours=1)
AT_ONCE = 5_000  # rows that are read in one transaction
WITHOUT_RECEIPT = "no_receipt"

# SKIP LOCKED: one process at a time; another one's turn finds nothing to do.
_POSITION = "SELECT message_id FROM overdue_position FOR UPDATE SKIP LOCKED"
_BEGIN = "INSERT INTO overdue_position VALUES (true, '00000000-0000-0000-0000-000000000000') ON CONFLICT DO NOTHING"
_READ = """
SELECT message_id, state, submitted_at FROM ledger
WHERE message_id > %(after)s AND message_id < %(before)s ORDER BY message_id LIMIT %(limit)s
"""
# A message that was asked for long before its time has an old id; it is looked at again a day later.
_LATER = """
WITH due AS (
  DELETE FROM overdue_later WHERE message_id = ANY (ARRAY(
    SELECT message_id FROM overdue_later WHERE look_at <= %(now)s ORDER BY look_at LIMIT %(limit)s))
  RETURNING message_id
)
SELECT l.message_id, l.state, l.submitted_at FROM due
CROSS JOIN LATERAL (SELECT message_id, state, submitted_at FROM ledger WHERE message_id = due.message_id LIMIT 1) l
"""
_OPEN = ("accepted", "deferred", "submitted")
_LEFT = (MessageState.SUBMITTED, MessageState.UNKNOWN)
# As in `store.receipts`: what is found is written as an insert that always meets its row, so that nothing is joined.
_END = f"""
WITH overdue AS MATERIALIZED (
  SELECT l.message_id, l.account_id, l.parts, coalesce(c.without_receipt, 'expired') AS state
  FROM unnest(%(ids)s::uuid[]) AS m(id)
  CROSS JOIN LATERAL (
    SELECT message_id, account_id, parts, carrier_id FROM ledger WHERE message_id = m.id LIMIT 1
  ) l
  LEFT JOIN LATERAL (SELECT without_receipt FROM carriers WHERE id = l.carrier_id LIMIT 1) c ON true
)
INSERT INTO ledger AS l (message_id, account_id, address, parts, state, code, final_at)
SELECT message_id, account_id, '{ERASED_ADDRESS}', parts, state, '{WITHOUT_RECEIPT}',
  CASE WHEN state = 'expired' THEN %(now)s::timestamptz END
FROM overdue
ON CONFLICT (message_id) DO UPDATE SET state = excluded.state, code = excluded.code, final_at = excluded.final_at
WHERE l.state = 'submitted'
RETURNING l.message_id::text, l.account_id::text, l.campaign_id::text, l.carrier_id, l.state
"""


class Swept(NamedTuple):
    """What became of one turn. `events` are delivery events; `ended` counts them by carrier and state."""

    is_more: bool
    events: list[Event]
    ended: Counter[tuple[UUID | None, str]]


def end(cursor: Cursor[Any], now: datetime) -> Swept:
    """End what is overdue among the next rows."""
    cursor.execute(_BEGIN)
    cursor.execute(_POSITION)
    position = cursor.fetchone()
    if position is None:
        return Swept(False, [], Counter())
    cursor.execute(_READ, {"after": position[0], "before": first_id_at(now - AFTER), "limit": AT_ONCE})
    rows = cursor.fetchall()
    if rows:
        cursor.execute("UPDATE overdue_position SET message_id = %s", (rows[-1][0],))
    cursor.execute(_LATER, {"now": now, "limit": AT_ONCE})
    later = cursor.fetchall()
    still_open = [row for row in (*rows, *later) if row[1] in _OPEN]
    overdue = [row[0] for row in still_open if row[1] == "submitted" and (row[2] is None or row[2] < now - AFTER)]
    _look(cursor, {row[0] for row in still_open}.difference(overdue), now + timedelta(days=1))
    swept = Swept(AT_ONCE in (len(rows), len(later)), [], Counter())
    _ended(cursor, overdue, now, swept)
    return swept


def since(cursor: Cursor[Any]) -> datetime | None:
    """When the oldest message was made that is open and that the reading has passed; None where there is none."""
    cursor.execute("SELECT message_id FROM overdue_later ORDER BY message_id LIMIT 1")
    row = cursor.fetchone()
    return created_at(row[0]) - timedelta(seconds=1) if row else None


def watch(cursor: Cursor[Any], messages: Sequence[SmsMessage]) -> None:
    """Messages that are settled, in the transaction that writes them: the old ones are looked at once overdue."""
    left = [message for message in messages if message.state in _LEFT]
    if not left:
        return
    now = datetime.fromtimestamp(max(message.at for message in left), UTC)
    bound = str(first_id_at(now - AFTER + BEFORE))  # ids sort as they are written
    _look(cursor, [message.message_id for message in left if message.message_id < bound], now + AFTER)


def _look(cursor: Cursor[Any], message_ids: Collection[UUID | str], at: datetime) -> None:
    if message_ids:
        cursor.execute(
            "INSERT INTO overdue_later (message_id, look_at) SELECT id, %s FROM unnest(%s::uuid[]) AS m(id)"
            " ON CONFLICT DO NOTHING",
            (at, list(message_ids)),
        )


def _ended(cursor: Cursor[Any], message_ids: Sequence[UUID], now: datetime, swept: Swept) -> None:
    if not message_ids:
        return
    cursor.execute(_END, {"ids": message_ids, "now": now})
    for message_id, account_id, campaign_id, carrier_id, state in cursor.fetchall():
        swept.ended[carrier_id, state] += 1
        event = receipt_event(message_id, account_id, campaign_id, now.timestamp(), state, WITHOUT_RECEIPT)
        swept.events.append(event)
