"""Messages that were handed over perhaps: no answer told an id, so a receipt finds them by what else it says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.ports import Event
from chassis.database import Session, changed, columns
from contracts.ids import first_id_at
from contracts.vocabulary import ERASED_ADDRESS, MessageState
from sms_gateway.batches import Arrived, SmsMessage, receipt_event
from sms_gateway.smpp.message_ids import UNDECIDED
from sms_gateway.store import parts

# A message without an answer was handed over within moments of a claim; dates in receipts are minutes.
NEAR_CLAIM = timedelta(minutes=5)

# Only a message of the same carrier, number and sender, handed over when the receipt says, and an id that nobody holds:
# otherwise a message that never left would be told as delivered.
_FIND = """
SELECT u.message_id, u.parts_left, EXISTS (SELECT 1 FROM ledger_parts p WHERE p.message_id = u.message_id) AS has_parts
FROM unknown_messages u
CROSS JOIN LATERAL (
  SELECT carrier_id, state FROM ledger WHERE message_id = u.message_id LIMIT 1
) l
WHERE u.address = %(address)s AND lower(ltrim(u.sender, '+')) = %(sender)s
  AND u.claimed_at BETWEEN %(submitted_at)s - %(near)s AND %(submitted_at)s + %(near)s
  AND l.carrier_id = %(carrier_id)s AND l.state = 'unknown'
  AND NOT EXISTS (SELECT 1 FROM ledger h WHERE h.carrier_message_id = %(id)s AND h.message_id >= %(since)s)
  AND NOT EXISTS (SELECT 1 FROM ledger_parts h WHERE h.carrier_message_id = %(id)s AND h.message_id >= %(since)s)
ORDER BY u.message_id LIMIT 1 FOR UPDATE OF u SKIP LOCKED
"""

_NOTE = """
INSERT INTO unknown_messages (message_id, address, parts_left, sender, claimed_at)
SELECT l.message_id, l.address, greatest(l.parts - coalesce(p.told, 0), 1), s.sender, l.submitted_at
FROM unnest(CAST(:ids AS uuid[])) AS u(message_id)
CROSS JOIN LATERAL (SELECT * FROM ledger WHERE message_id = u.message_id LIMIT 1) l
JOIN sends s ON s.stem_id = CAST(left(CAST(u.message_id AS text), 28) || '00000000' AS uuid)
LEFT JOIN LATERAL (
  SELECT count(*) AS told FROM ledger_parts WHERE message_id = u.message_id AND carrier_message_id IS NOT NULL
) p ON true
WHERE l.address <> :erased ON CONFLICT DO NOTHING
"""


def remember(cursor: Cursor[Any], messages: Sequence[SmsMessage]) -> None:
    """For receipts that no id leads to; of a person who was erased there is none."""
    rows = [
        (
            message.message_id, message.recipient["address"], _unanswered(message), message.chunk.batch.content.sender,
            message.handed_over_at,
        )
        for message in messages
        if message.recipient["address"] != ERASED_ADDRESS
    ]  # fmt: skip
    if rows:
        cursor.execute(
            "INSERT INTO unknown_messages (message_id, address, parts_left, sender, claimed_at) SELECT * FROM"
            " unnest(%s::uuid[], %s::text[], %s::smallint[], %s::text[], %s::timestamptz[]) ON CONFLICT DO NOTHING",
            columns(rows, 5),
        )


def note(session: Session, message_ids: Sequence[UUID]) -> None:
    """As `remember`, of single messages of which the ledger alone knows: when they left without an answer, and
    which of their parts had an answer."""
    changed(session, _NOTE, ids=list(message_ids), erased=ERASED_ADDRESS)


def _unanswered(message: SmsMessage) -> int:
    """How many of the submit_sm that carry it have no id: so many receipts may come that match nothing."""
    return message.travelling - sum(1 for identifier in message.carrier_ids or () if identifier)


def forget_old(cursor: Cursor[Any], made_before: datetime) -> None:
    """Drop those that no receipt is looked for any more; the ledger goes on saying that nobody knows."""
    cursor.execute(
        "DELETE FROM unknown_messages WHERE message_id < %s AND (claimed_at IS NULL OR claimed_at < %s)",
        (first_id_at(made_before), made_before),
    )


def mend(cursor: Cursor[Any], receipt: Arrived, since: datetime, events: list[Event]) -> bool:
    """Give a receipt whose id no answer ever told us to the message without an answer that it fits, if there is one.

    While nobody knows in which form its id is, an answer may have told it all the same.
    """
    sender = receipt.sender.lstrip("+").lower()
    is_undecided = receipt.carrier_message_id.startswith(UNDECIDED)
    if receipt.state is MessageState.UNKNOWN or not sender or is_undecided:
        return False
    known = {
        "address": receipt.phone,
        "sender": sender,
        "submitted_at": datetime.fromtimestamp(receipt.submitted(), UTC),
        "near": NEAR_CLAIM,
        "carrier_id": receipt.carrier_id,
        "id": receipt.carrier_message_id,
        "since": first_id_at(since),
    }
    cursor.execute(_FIND, known)
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


def _mend_part(cursor: Cursor[Any], receipt: Arrived, message_id: UUID, since: datetime, events: list[Event]) -> None:
    """The receipt of one part: the message is delivered when all its parts are."""
    part = {
        "message_id": message_id,
        "carrier_id": receipt.carrier_id,
        "id": receipt.carrier_message_id,
        "state": receipt.state,
        "code": receipt.code,
    }
    parts.fill(cursor, part)
    events += parts.end_messages(cursor, [message_id], since, receipt.at)


def _mend_whole(cursor: Cursor[Any], receipt: Arrived, message_id: UUID, events: list[Event]) -> None:
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
        events.append(receipt_event(told_id, account_id, campaign_id, receipt.at, receipt.state, receipt.code))
