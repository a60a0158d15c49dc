"""Receipts into the ledger: by the carrier's id, in batches; what matches nothing yet is parked, never lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor

from contracts.ids import first_id_at
from contracts.vocabulary import Channel, MessageState

# Most receipts come within a day and a half; older partitions are asked only for those that match nothing there.
NEAR = timedelta(hours=36)
FAR = timedelta(days=10)
KEEP_PARKED = timedelta(days=3)


class Arrived(NamedTuple):
    """A receipt as the ledger takes it. `tries` counts how often it was looked for."""

    carrier_id: UUID
    carrier_message_id: str
    state: MessageState
    code: str
    address: str
    at: float
    tries: int = 0


# Each receipt is looked up by itself, through the index on the carrier's id. Left to itself the planner walks the whole
# range of message ids once a batch, as it takes "not final yet" for rare: quadratic in the size of a campaign. LIMIT
# tells it that an id finds one row, which no statistics do while a campaign runs.
_APPLY = """
WITH hit AS MATERIALIZED (
  SELECT r.id, r.state, r.code, r.at, found.message_id
  FROM unnest(%(ids)s::text[], %(states)s::text[], %(codes)s::text[], %(ats)s::float8[]) AS r(id, state, code, at)
  CROSS JOIN LATERAL (
    SELECT message_id, state FROM ledger
    WHERE carrier_message_id = r.id AND message_id >= %(since)s AND carrier_id = %(carrier_id)s LIMIT 1
  ) found
  WHERE found.state IN ('submitted', 'unknown') AND found.state <> r.state
)
UPDATE ledger l SET state = hit.state, code = hit.code,
  final_at = CASE WHEN hit.state <> 'unknown' THEN to_timestamp(hit.at) END
FROM hit
WHERE l.message_id = hit.message_id AND l.message_id >= %(since)s AND l.state IN ('submitted', 'unknown')
RETURNING hit.id, l.message_id::text, l.account_id::text, l.campaign_id::text
"""
_APPLY_PARTS = """
WITH hit AS MATERIALIZED (
  SELECT r.id, r.state, r.code, found.message_id, found.part
  FROM unnest(%(ids)s::text[], %(states)s::text[], %(codes)s::text[]) AS r(id, state, code)
  CROSS JOIN LATERAL (
    SELECT message_id, part FROM ledger_parts
    WHERE carrier_message_id = r.id AND message_id >= %(since)s AND carrier_id = %(carrier_id)s LIMIT 1
  ) found
)
UPDATE ledger_parts p SET state = hit.state, code = hit.code
FROM hit
WHERE p.message_id = hit.message_id AND p.part = hit.part AND p.message_id >= %(since)s
RETURNING hit.id, p.message_id
"""
# Two connectors may have a receipt each of one message: the second waits here for the first, and then counts both.
_LOCK_WHOLE = "SELECT FROM ledger WHERE message_id = ANY(%s) AND message_id >= %s ORDER BY message_id FOR NO KEY UPDATE"
_JOIN_PARTS = """
UPDATE ledger l SET state = j.state, code = j.code, final_at = now()
FROM (
  SELECT message_id,
         coalesce((array_agg(state ORDER BY part) FILTER (WHERE state IN ('undelivered', 'expired', 'rejected')))[1],
                  CASE WHEN bool_and(state = 'delivered') THEN 'delivered' END) AS state,
         coalesce((array_agg(code ORDER BY part) FILTER (WHERE state IN ('undelivered', 'expired', 'rejected')))[1],
                  max(code)) AS code
  FROM ledger_parts WHERE message_id = ANY(%s) AND message_id >= %s GROUP BY message_id
) j
WHERE l.message_id = j.message_id AND l.message_id >= %s AND j.state IS NOT NULL
  AND l.state IN ('submitted', 'unknown')
RETURNING l.message_id::text, l.account_id::text, l.campaign_id::text, l.state, l.code
"""
# Only what is final, or says the same, makes a receipt a repeat: an open message may have been settled by another
# connector a moment ago, after `_APPLY` had looked.
_REPEATED = """
SELECT r.id FROM unnest(%(ids)s::text[], %(states)s::text[]) AS r(id, state)
CROSS JOIN LATERAL (
  SELECT state FROM ledger
  WHERE carrier_message_id = r.id AND message_id >= %(since)s AND carrier_id = %(carrier_id)s LIMIT 1
) found
WHERE found.state IN ('delivered', 'undelivered', 'expired', 'rejected') OR found.state = r.state
"""


def apply(cursor: Cursor[Any], arrived: Sequence[Arrived], now: datetime) -> list[dict[str, Any]]:
    """Write receipts; returns the delivery events of the changes. Those that match nothing are parked."""
    events: list[dict[str, Any]] = []
    by_carrier: dict[UUID, dict[str, Arrived]] = {}
    for receipt in arrived:
        of_carrier = by_carrier.setdefault(receipt.carrier_id, {})
        earlier = of_carrier.get(receipt.carrier_message_id)
        # Two of one message in a batch: the final one counts, whichever came last.
        if earlier is None or earlier.state is MessageState.UNKNOWN:
            of_carrier[receipt.carrier_message_id] = receipt
    parked: list[Arrived] = []
    for carrier_id, waiting in by_carrier.items():
        _apply_to_messages(cursor, carrier_id, waiting, now - NEAR, events)
        if waiting:
            _apply_to_parts(cursor, carrier_id, waiting, now - FAR, events)
        if waiting:
            _apply_to_messages(cursor, carrier_id, waiting, now - FAR, events)
        if waiting:
            _drop_repeated(cursor, carrier_id, waiting, now - FAR)
        parked += [receipt for receipt in waiting.values() if not _mend_unknown(cursor, receipt, events)]
    _park(cursor, parked, now)
    return events


def _arguments(carrier_id: UUID, waiting: dict[str, Arrived], since: datetime) -> dict[str, Any]:
    receipts = list(waiting.values())
    return {
        "ids": array_of_text([receipt.carrier_message_id for receipt in receipts]),
        "states": array_of_text([receipt.state for receipt in receipts]),
        "codes": array_of_text([receipt.code for receipt in receipts]),
        "ats": array_of_text([str(receipt.at) for receipt in receipts]),
        "since": first_id_at(since),
        "carrier_id": carrier_id,
    }


def array_of_text(values: Sequence[str]) -> str:
    """PostgreSQL's literal of an array; the driver's own dumper takes five times as long for each element."""
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1 if values else 0):
        joined = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return '{"' + joined + '"}' if values else "{}"


def _apply_to_messages(
    cursor: Cursor[Any], carrier_id: UUID, waiting: dict[str, Arrived], since: datetime, events: list[dict[str, Any]]
) -> None:
    cursor.execute(_APPLY, _arguments(carrier_id, waiting, since))
    for identifier, message_id, account_id, campaign_id in cursor.fetchall():
        receipt = waiting.pop(identifier, None)
        if receipt is not None:
            events.append(_event(message_id, account_id, campaign_id, receipt.at, receipt.state, receipt.code))


def _apply_to_parts(
    cursor: Cursor[Any], carrier_id: UUID, waiting: dict[str, Arrived], since: datetime, events: list[dict[str, Any]]
) -> None:
    cursor.execute(_APPLY_PARTS, _arguments(carrier_id, waiting, since))
    touched = cursor.fetchall()
    if not touched:
        return
    at = max(receipt.at for receipt in waiting.values())
    for identifier, _ in touched:
        waiting.pop(identifier, None)
    bound, messages = first_id_at(since), list({message_id for _, message_id in touched})
    cursor.execute(_LOCK_WHOLE, (messages, bound))
    cursor.execute(_JOIN_PARTS, (messages, bound, bound))
    for message_id, account_id, campaign_id, state, code in cursor.fetchall():
        events.append(_event(message_id, account_id, campaign_id, at, state, code))


def _drop_repeated(cursor: Cursor[Any], carrier_id: UUID, waiting: dict[str, Arrived], since: datetime) -> None:
    """Receipts of messages that are final already, or that say what is known, say nothing new."""
    cursor.execute(_REPEATED, _arguments(carrier_id, waiting, since))
    for (identifier,) in cursor.fetchall():
        waiting.pop(identifier, None)


def _mend_unknown(cursor: Cursor[Any], receipt: Arrived, events: list[dict[str, Any]]) -> bool:
    """A receipt whose id no answer ever told us: the oldest unknown message to that number is meant.

    Only from the second look on: at the first, the answer to its submit_sm may merely not be settled yet.
    """
    if not receipt.tries or receipt.state is MessageState.UNKNOWN:
        return False
    address = "+" + receipt.address.lstrip("+")
    cursor.execute(
        "SELECT message_id, parts_left FROM unknown_messages WHERE address = %s ORDER BY message_id LIMIT 1"
        " FOR UPDATE SKIP LOCKED",
        (address,),
    )
    found = cursor.fetchone()
    if found is None:
        return False
    message_id, parts_left = found
    if receipt.state is MessageState.DELIVERED and parts_left > 1:
        cursor.execute("UPDATE unknown_messages SET parts_left = parts_left - 1 WHERE message_id = %s", (message_id,))
        return True
    cursor.execute("DELETE FROM unknown_messages WHERE message_id = %s", (message_id,))
    cursor.execute(
        "UPDATE ledger SET state = %s, code = %s, carrier_id = %s, carrier_message_id = %s, final_at = %s"
        " WHERE message_id = %s AND state = 'unknown' RETURNING message_id::text, account_id::text, campaign_id::text",
        (
            receipt.state,
            receipt.code,
            receipt.carrier_id,
            receipt.carrier_message_id,
            datetime.fromtimestamp(receipt.at, UTC),
            message_id,
        ),
    )
    row = cursor.fetchone()
    if row is not None:
        told_id, account_id, campaign_id = row
        events.append(_event(told_id, account_id, campaign_id, receipt.at, receipt.state, receipt.code))
    return True


def _park(cursor: Cursor[Any], receipts: Sequence[Arrived], now: datetime) -> None:
    rows = [
        (
            receipt.carrier_id, receipt.carrier_message_id, receipt.address, receipt.state, receipt.code,
            datetime.fromtimestamp(receipt.at, UTC), receipt.tries + 1,
            now + timedelta(seconds=min(2.0 ** receipt.tries, 3600.0)),
        )
        for receipt in receipts
        if now - datetime.fromtimestamp(receipt.at, UTC) < KEEP_PARKED
    ]  # fmt: skip
    if not rows:
        return
    columns = "carrier_id, carrier_message_id, address, state, code, received_at, tries, next_at"
    with cursor.copy(f"COPY parked_receipts ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def take_parked(cursor: Cursor[Any], limit: int = 1_000) -> list[Arrived]:
    """Take receipts that are due for another look out of the parking, in the caller's transaction."""
    cursor.execute(
        "DELETE FROM parked_receipts WHERE position IN (SELECT position FROM parked_receipts WHERE next_at <= now()"
        " ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED)"
        " RETURNING carrier_id, carrier_message_id, state, code, address,"
        " extract(epoch FROM received_at)::float8, tries",
        (limit,),
    )
    return [Arrived(row[0], row[1], MessageState(row[2]), *row[3:]) for row in cursor.fetchall()]


def _event(
    message_id: str, account_id: str, campaign_id: str | None, at: float, state: str, code: str | None
) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "account_id": account_id,
        "at": at,
        "kind": state,
        "channel": Channel.SMS,
        "campaign_id": campaign_id,
        "code": code or "",
    }
