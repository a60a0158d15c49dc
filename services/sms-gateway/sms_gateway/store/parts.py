"""Parts of long messages: each has a carrier's id and a receipt of its own; together they make the message's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.ports import Event
from chassis.database import columns
from contracts.ids import first_id_at
from sms_gateway.batches import SmsMessage, receipt_event

# As in `store.receipts`: what is found is written as an insert that always meets its row, so that nothing is joined.
_APPLY = """
WITH hit AS MATERIALIZED (
  SELECT r.id, r.state, r.code, found.message_id, found.part
  FROM unnest(%(ids)s::text[], %(states)s::text[], %(codes)s::text[]) AS r(id, state, code)
  CROSS JOIN LATERAL (
    SELECT message_id, part FROM ledger_parts
    WHERE carrier_message_id = r.id AND message_id >= %(since)s AND carrier_id = %(carrier_id)s LIMIT 1
  ) found
)
INSERT INTO ledger_parts AS p (message_id, part, carrier_id, carrier_message_id, state, code)
SELECT message_id, part, %(carrier_id)s, id, state, code FROM hit
ON CONFLICT (message_id, part) DO UPDATE SET state = excluded.state, code = excluded.code
RETURNING p.carrier_message_id, p.message_id
"""
# Two processes may have a receipt each of one message: the second waits here for the first, and then counts both.
_LOCK_WHOLE = "SELECT FROM ledger WHERE message_id = ANY(%s) AND message_id >= %s ORDER BY message_id FOR NO KEY UPDATE"
_END = """
WITH ended AS MATERIALIZED (
  SELECT m.id AS message_id, l.account_id, l.address, l.parts, j.state, j.code
  FROM unnest(%(ids)s::uuid[]) AS m(id)
  CROSS JOIN LATERAL (
    SELECT account_id, address, parts FROM ledger WHERE message_id = m.id AND message_id >= %(since)s LIMIT 1
  ) l
  CROSS JOIN LATERAL (
    SELECT coalesce((array_agg(state ORDER BY part) FILTER (WHERE state IN ('undelivered', 'expired', 'rejected')))[1],
                    CASE WHEN bool_and(state = 'delivered') THEN 'delivered' END) AS state,
           coalesce((array_agg(code ORDER BY part) FILTER (WHERE state IN ('undelivered', 'expired', 'rejected')))[1],
                    max(code)) AS code,
           count(*) AS known
    FROM ledger_parts WHERE message_id = m.id AND message_id >= %(since)s
  ) j
  WHERE j.state IS NOT NULL AND (j.state <> 'delivered' OR j.known >= l.parts)
)
INSERT INTO ledger AS l (message_id, account_id, address, parts, state, code, final_at)
SELECT message_id, account_id, address, parts, state, code, now() FROM ended
ON CONFLICT (message_id) DO UPDATE SET state = excluded.state, code = excluded.code, final_at = excluded.final_at
WHERE l.state IN ('submitted', 'unknown')
RETURNING l.message_id::text, l.account_id::text, l.campaign_id::text, l.state, l.code
"""
_FILL = """
INSERT INTO ledger_parts (message_id, part, carrier_id, carrier_message_id, state, code)
SELECT %(message_id)s, free.part, %(carrier_id)s, %(id)s, %(state)s, %(code)s
FROM (
  SELECT n AS part FROM generate_series(1, 255) AS n
  WHERE NOT EXISTS (SELECT 1 FROM ledger_parts p WHERE p.message_id = %(message_id)s AND p.part = n)
  ORDER BY n LIMIT 1
) free
"""


def write(cursor: Cursor[Any], messages: Sequence[SmsMessage]) -> None:
    """The parts that a carrier has answered, of messages of more than one."""
    rows = [
        (message.message_id, number, str(message.outlet), identifier, "submitted")
        for message in messages
        if message.travelling > 1 and message.carrier_ids
        for number, identifier in enumerate(message.carrier_ids, 1)
        if identifier
    ]
    if rows:
        cursor.execute(
            "INSERT INTO ledger_parts (message_id, part, carrier_id, carrier_message_id, state)"
            " SELECT * FROM unnest(%s::uuid[], %s::smallint[], %s::uuid[], %s::text[], %s::text[])"
            " ON CONFLICT (message_id, part) DO NOTHING",
            columns(rows, 5),
        )


def apply(cursor: Cursor[Any], arguments: Mapping[str, Any]) -> list[tuple[str, UUID]]:
    """Write receipts, as `store.receipts` gives them; returns the ids that were found, each with its message."""
    cursor.execute(_APPLY, arguments)
    return cursor.fetchall()


def end_messages(cursor: Cursor[Any], messages: list[UUID], since: datetime, at: float) -> list[Event]:
    """End the messages whose parts say how; what was unknown of them waits for no receipt any more."""
    bound = first_id_at(since)
    cursor.execute(_LOCK_WHOLE, (messages, bound))
    cursor.execute(_END, {"ids": messages, "since": bound})
    ended = cursor.fetchall()
    if ended:
        cursor.execute("DELETE FROM unknown_messages WHERE message_id = ANY(%s::uuid[])", ([row[0] for row in ended],))
    return [
        receipt_event(message_id, account_id, campaign_id, at, state, code)
        for message_id, account_id, campaign_id, state, code in ended
    ]


def fill(cursor: Cursor[Any], part: Mapping[str, Any]) -> None:
    """The first part that nobody has an id of gets this one.

    :param part: message_id, carrier_id, id (the carrier's), state, code.
    """
    cursor.execute(_FILL, part)
