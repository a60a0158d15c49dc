"""Receipts into the ledger: by the carrier's id, in batches; what matches nothing yet is parked, never lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor

from contracts.ids import first_id_at
from contracts.vocabulary import Channel, MessageState
from sms_gateway.smpp.constants import MOST_ID
from sms_gateway.smpp.receipts import seconds_under_way

# Most receipts come within a day and a half; older partitions are asked only for those that match nothing there.
NEAR = timedelta(hours=36)
FAR = timedelta(days=10)
KEEP_PARKED = timedelta(days=3)
# A message without an answer was handed over within moments of its claim; dates in receipts are minutes.
NEAR_CLAIM = timedelta(minutes=5)
UNMATCHED_AFTER = 60.0  # seconds


class Arrived(NamedTuple):
    """A receipt as the ledger takes it. `tries` counts how often it was looked for."""

    carrier_id: UUID
    carrier_message_id: str
    state: MessageState
    code: str
    address: str
    at: float
    tries: int = 0
    sender: str = ""  # the receipt's destination: our sender, as the carrier writes it
    submitted_at: float | None = None  # None: `text` tells
    text: bytes = b""

    def submitted(self) -> float:
        """When the message was handed over, by our clock: the carrier's is in a zone that it does not name."""
        return self.at - seconds_under_way(self.text) if self.submitted_at is None else self.submitted_at


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
# Two processes may have a receipt each of one message: the second waits here for the first, and then counts both.
_LOCK_WHOLE = "SELECT FROM ledger WHERE message_id = ANY(%s) AND message_id >= %s ORDER BY message_id FOR NO KEY UPDATE"
_JOIN_PARTS = """
UPDATE ledger l SET state = j.state, code = j.code, final_at = now()
FROM (
  SELECT message_id,
         coalesce((array_agg(state ORDER BY part) FILTER (WHERE state IN ('undelivered', 'expired', 'rejected')))[1],
                  CASE WHEN bool_and(state = 'delivered') THEN 'delivered' END) AS state,
         coalesce((array_agg(code ORDER BY part) FILTER (WHERE state IN ('undelivered', 'expired', 'rejected')))[1],
                  max(code)) AS code,
         count(*) AS known
  FROM ledger_parts WHERE message_id = ANY(%s) AND message_id >= %s GROUP BY message_id
) j
WHERE l.message_id = j.message_id AND l.message_id >= %s AND j.state IS NOT NULL
  AND (j.state <> 'delivered' OR j.known >= l.parts)
  AND l.state IN ('submitted', 'unknown')
RETURNING l.message_id::text, l.account_id::text, l.campaign_id::text, l.state, l.code
"""
# Only what is final, or says the same, makes a receipt a repeat: an open message may have been settled by another
# outbound process a moment ago, after `_APPLY` had looked.
_REPEATED = """
SELECT r.id FROM unnest(%(ids)s::text[], %(states)s::text[]) AS r(id, state)
CROSS JOIN LATERAL (
  SELECT state FROM ledger
  WHERE carrier_message_id = r.id AND message_id >= %(since)s AND carrier_id = %(carrier_id)s LIMIT 1
) found
WHERE found.state IN ('delivered', 'undelivered', 'expired', 'rejected') OR found.state = r.state
"""

# Only a message of the same carrier, number and sender, handed over when the receipt says, and an id that nobody holds:
# otherwise a message that never left would be told as delivered.
_FIND_UNKNOWN = """
SELECT u.message_id, u.parts_left, EXISTS (SELECT 1 FROM ledger_parts p WHERE p.message_id = u.message_id) AS has_parts
FROM unknown_messages u JOIN ledger l ON l.message_id = u.message_id
WHERE u.address = %(address)s AND lower(ltrim(u.sender, '+')) = %(sender)s
  AND u.claimed_at BETWEEN %(submitted_at)s - %(near)s AND %(submitted_at)s + %(near)s
  AND l.carrier_id = %(carrier_id)s AND l.state = 'unknown'
  AND NOT EXISTS (SELECT 1 FROM ledger h WHERE h.carrier_message_id = %(id)s AND h.message_id >= %(since)s)
  AND NOT EXISTS (SELECT 1 FROM ledger_parts h WHERE h.carrier_message_id = %(id)s AND h.message_id >= %(since)s)
ORDER BY u.message_id LIMIT 1 FOR UPDATE OF u SKIP LOCKED
"""
_FILL_PART = """
INSERT INTO ledger_parts (message_id, part, carrier_id, carrier_message_id, state, code)
SELECT %(message_id)s, free.part, %(carrier_id)s, %(id)s, %(state)s, %(code)s
FROM (
  SELECT n AS part FROM generate_series(1, 255) AS n
  WHERE NOT EXISTS (SELECT 1 FROM ledger_parts p WHERE p.message_id = %(message_id)s AND p.part = n)
  ORDER BY n LIMIT 1
) free
"""


def apply(
    cursor: Cursor[Any], arrived: Sequence[Arrived], now: datetime, unmatched_after: float = UNMATCHED_AFTER
) -> list[dict[str, Any]]:
    """Write receipts; returns the delivery events of the changes. Those that match nothing are parked.

    :param unmatched_after: seconds until a receipt that matches nothing may be that of a message without an answer.
    """
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
        late = now.timestamp() - unmatched_after
        parked += [
            receipt
            for receipt in waiting.values()
            if not (receipt.tries and receipt.at <= late and _mend_unknown(cursor, receipt, now - FAR, events))
        ]
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
    _join_parts(cursor, list({message_id for _, message_id in touched}), since, at, events)


def _join_parts(
    cursor: Cursor[Any], messages: list[UUID], since: datetime, at: float, events: list[dict[str, Any]]
) -> None:
    """End the messages whose parts say how; what was unknown of them waits for no receipt any more."""
    bound = first_id_at(since)
    cursor.execute(_LOCK_WHOLE, (messages, bound))
    cursor.execute(_JOIN_PARTS, (messages, bound, bound))
    ended = cursor.fetchall()
    for message_id, account_id, campaign_id, state, code in ended:
        events.append(_event(message_id, account_id, campaign_id, at, state, code))
    if ended:
        cursor.execute("DELETE FROM unknown_messages WHERE message_id = ANY(%s::uuid[])", ([row[0] for row in ended],))


def _drop_repeated(cursor: Cursor[Any], carrier_id: UUID, waiting: dict[str, Arrived], since: datetime) -> None:
    """Receipts of messages that are final already, or that say what is known, say nothing new."""
    cursor.execute(_REPEATED, _arguments(carrier_id, waiting, since))
    for (identifier,) in cursor.fetchall():
        waiting.pop(identifier, None)


def _mend_unknown(cursor: Cursor[Any], receipt: Arrived, since: datetime, events: list[dict[str, Any]]) -> bool:
    """Give a receipt whose id no answer ever told us to the message without an answer that it fits, if there is one."""
    sender = receipt.sender.lstrip("+").lower()
    if receipt.state is MessageState.UNKNOWN or not sender:
        return False
    known = {
        "address": "+" + receipt.address.lstrip("+"),
        "sender": sender,
        "submitted_at": datetime.fromtimestamp(receipt.submitted(), UTC),
        "near": NEAR_CLAIM,
        "carrier_id": receipt.carrier_id,
        "id": receipt.carrier_message_id,
        "since": first_id_at(since),
    }
    cursor.execute(_FIND_UNKNOWN, known)
    found = cursor.fetchone()
    if found is None:
        return False
    message_id, parts_left, has_parts = found
    if parts_left > 1:
        cursor.execute("UPDATE unknown_messages SET parts_left = parts_left - 1 WHERE message_id = %s", (message_id,))
    else:
        cursor.execute("DELETE FROM unknown_messages WHERE message_id = %s", (message_id,))
    if parts_left > 1 or has_parts:
        _mend_part(cursor, receipt, message_id, since, events)
    else:
        _mend_whole(cursor, receipt, message_id, events)
    return True


def _mend_part(
    cursor: Cursor[Any], receipt: Arrived, message_id: UUID, since: datetime, events: list[dict[str, Any]]
) -> None:
    """The receipt of one part: the message is delivered when all its parts are."""
    part = {
        "message_id": message_id,
        "carrier_id": receipt.carrier_id,
        "id": receipt.carrier_message_id,
        "state": receipt.state,
        "code": receipt.code,
    }
    cursor.execute(_FILL_PART, part)
    _join_parts(cursor, [message_id], since, receipt.at, events)


def _mend_whole(cursor: Cursor[Any], receipt: Arrived, message_id: UUID, events: list[dict[str, Any]]) -> None:
    cursor.execute(
        "UPDATE ledger SET state = %s, code = %s, carrier_message_id = %s, final_at = %s"
        " WHERE message_id = %s AND state = 'unknown' RETURNING message_id::text, account_id::text, campaign_id::text",
        (
            receipt.state,
            receipt.code,
            receipt.carrier_message_id,
            datetime.fromtimestamp(receipt.at, UTC),
            message_id,
        ),
    )
    for told_id, account_id, campaign_id in cursor.fetchall():
        events.append(_event(told_id, account_id, campaign_id, receipt.at, receipt.state, receipt.code))


def _park(cursor: Cursor[Any], receipts: Sequence[Arrived], now: datetime) -> None:
    rows = [
        (
            receipt.carrier_id, receipt.carrier_message_id, receipt.address, receipt.state, receipt.code,
            datetime.fromtimestamp(receipt.at, UTC), receipt.sender, datetime.fromtimestamp(receipt.submitted(), UTC),
            receipt.tries + 1,
            now + timedelta(seconds=min(2.0 ** receipt.tries, 3600.0)),
        )
        for receipt in receipts
        if now - datetime.fromtimestamp(receipt.at, UTC) < KEEP_PARKED
    ]  # fmt: skip
    if not rows:
        return
    columns = "carrier_id, carrier_message_id, address, state, code, received_at, sender, submitted_at, tries, next_at"
    with cursor.copy(f"COPY parked_receipts ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def take_parked(cursor: Cursor[Any], limit: int = 1_000) -> list[Arrived]:
    """Take receipts that are due for another look out of the parking, in the caller's transaction."""
    cursor.execute(
        "DELETE FROM parked_receipts WHERE position IN (SELECT position FROM parked_receipts WHERE next_at <= now()"
        " ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED)"
        " RETURNING carrier_id, carrier_message_id, state, code, address,"
        " extract(epoch FROM received_at)::float8, tries, coalesce(sender, ''),"
        " extract(epoch FROM submitted_at)::float8",
        (limit,),
    )
    # Ids that no index holds are refused at the door now; those that came before that go unread.
    return [
        Arrived(row[0], row[1], MessageState(row[2]), *row[3:]) for row in cursor.fetchall() if len(row[1]) <= MOST_ID
    ]


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
