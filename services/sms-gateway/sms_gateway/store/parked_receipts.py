"""Receipts whose message is not in the ledger (yet): looked at again, less and less often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from psycopg import Cursor

from contracts.vocabulary import MessageState
from sms_gateway.batches import Arrived
from sms_gateway.smpp.constants import MOST_ID
from sms_gateway.smpp.message_ids import canonical

KEEP_PARKED = timedelta(days=3)


def park(cursor: Cursor[Any], receipts: Sequence[Arrived], now: datetime) -> None:
    """Keep receipts for another look, each time twice as far away; those that match nothing for days are given up."""
    rows = [
        (
            receipt.carrier_id, receipt.carrier_message_id, receipt.address, receipt.state, receipt.code,
            datetime.fromtimestamp(receipt.at, UTC), receipt.sender, datetime.fromtimestamp(receipt.submitted(), UTC),
            receipt.tries + 1, now + timedelta(seconds=min(2.0**receipt.tries, 3600.0)), receipt.spelled,
            receipt.is_typed, orjson.dumps(receipt.parameters).decode() if receipt.parameters else None,
        )
        for receipt in receipts
        if now - datetime.fromtimestamp(receipt.at, UTC) < KEEP_PARKED
    ]  # fmt: skip
    if not rows:
        return
    names = "carrier_id, carrier_message_id, address, state, code, received_at, sender, submitted_at, tries, next_at"
    with cursor.copy(f"COPY parked_receipts ({names}, spelled, is_typed, parameters) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def take(cursor: Cursor[Any], limit: int = 1_000) -> list[Arrived]:
    """Take receipts that are due for another look out of the parking, in the caller's transaction."""
    cursor.execute(
        "DELETE FROM parked_receipts WHERE position = ANY (ARRAY(SELECT position FROM parked_receipts"
        " WHERE next_at <= now() ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED))"
        " RETURNING carrier_id, carrier_message_id, state, code, address,"
        " extract(epoch FROM received_at)::float8, tries, coalesce(sender, ''),"
        " extract(epoch FROM submitted_at)::float8, spelled, is_typed, parameters",
        (limit,),
    )
    # Ids that no index holds are refused at the door now; those that came before that go unread.
    return [
        # A version before this one parked ids as they were written.
        Arrived(row[0], canonical(row[1]), MessageState(row[2]), *row[3:-3])._replace(
            spelled=row[-3] or row[1], is_typed=row[-2], parameters=row[-1]
        )
        for row in cursor.fetchall()
        if len(row[1]) <= MOST_ID + 1
    ]
