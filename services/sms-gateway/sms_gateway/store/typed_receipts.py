"""Receipts that only their text makes ones: a phone's owner may have written them, of anybody's message.

Such a one is believed of a message to the phone that it comes from, and of no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Cursor

from chassis.database import columns
from contracts.ids import first_id_at
from sms_gateway.batches import Arrived
from sms_gateway.smpp.message_ids import earlier_spellings

# Each id is looked up as `store.receipts` does it. Of several messages with one id, all must be the phone's: nobody
# knows which one the receipt will find.
_THEIRS = """
SELECT r.number
FROM unnest(%(numbers)s::int[], %(carriers)s::uuid[], %(ids)s::text[], %(phones)s::text[])
  AS r(number, carrier_id, id, phone)
CROSS JOIN LATERAL (
  (SELECT address FROM ledger
   WHERE carrier_message_id = r.id AND message_id >= %(since)s AND carrier_id = r.carrier_id LIMIT 2)
  UNION ALL
  (SELECT whole.address
   FROM (SELECT message_id FROM ledger_parts
         WHERE carrier_message_id = r.id AND message_id >= %(since)s AND carrier_id = r.carrier_id LIMIT 2) part
   CROSS JOIN LATERAL (SELECT address FROM ledger WHERE message_id = part.message_id LIMIT 1) whole)
) found
GROUP BY r.number HAVING bool_and(found.address = r.phone)
"""


def judged(cursor: Cursor[Any], arrived: Sequence[Arrived], since: datetime) -> tuple[list[Arrived], list[Arrived]]:
    """Those that are believed, and those that are not (yet: their message may be settled in a moment)."""
    typed = [(number, receipt) for number, receipt in enumerate(arrived) if receipt.is_typed]
    if not typed:
        return list(arrived), []
    asked = [
        (number, receipt.carrier_id, identifier, receipt.phone)
        for number, receipt in typed
        for identifier in (
            receipt.carrier_message_id, *earlier_spellings(receipt.carrier_message_id, receipt.spelled)
        )
    ]  # fmt: skip
    numbers, carriers, ids, phones = columns(asked, 4)
    cursor.execute(
        _THEIRS,
        {"numbers": numbers, "carriers": carriers, "ids": ids, "phones": phones, "since": first_id_at(since)},
    )
    theirs = {number for (number,) in cursor.fetchall()}
    believed = [receipt for number, receipt in enumerate(arrived) if not receipt.is_typed or number in theirs]
    return believed, [receipt for number, receipt in typed if number not in theirs]
