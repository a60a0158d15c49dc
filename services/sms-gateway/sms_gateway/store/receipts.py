"""Receipts into the ledger: by the carrier's id, in batches; what matches nothing yet is parked, never lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.ports import Event
from contracts.ids import first_id_at
from contracts.vocabulary import ERASED_ADDRESS, MessageState
from sms_gateway.batches import Arrived, receipt_event
from sms_gateway.smpp.message_ids import earlier_spellings
from sms_gateway.store import overdue, parked_receipts, parts, typed_receipts, unknown_messages
from sms_gateway.store.literals import array_of_text

# Most receipts come within a day and a half; older partitions are asked only for those that match nothing there.
NEAR = timedelta(hours=36)
FAR = timedelta(days=10)
UNMATCHED_AFTER = 60.0  # seconds

# Each receipt is looked up by itself, through the index on the carrier's id, and LIMIT leaves no other way: an id finds
# one row, which no statistics tell while a campaign runs. What is found is written as an insert that always meets its
# row. An UPDATE ... FROM would be a join, which the planner, without statistics or with those from before the campaign,
# does as a walk through all receipts for each message of the day. Where the row has gone in between (an account that
# closes), what comes back names nobody.
_APPLY = f"""
WITH hit AS MATERIALIZED (
  SELECT r.id, r.state, r.code, r.at, found.message_id, found.account_id, found.parts
  FROM unnest(%(ids)s::text[], %(states)s::text[], %(codes)s::text[], %(ats)s::float8[]) AS r(id, state, code, at)
  CROSS JOIN LATERAL (
    SELECT message_id, account_id, parts, state FROM ledger
    WHERE carrier_message_id = r.id AND message_id >= %(since)s AND carrier_id = %(carrier_id)s LIMIT 1
  ) found
  WHERE found.state IN ('submitted', 'unknown') AND found.state <> r.state
)
INSERT INTO ledger AS l (message_id, account_id, address, parts, carrier_message_id, state, code, final_at)
SELECT message_id, account_id, '{ERASED_ADDRESS}', parts, id, state, code,
  CASE WHEN state <> 'unknown' THEN to_timestamp(at) END
FROM hit
ON CONFLICT (message_id) DO UPDATE SET state = excluded.state, code = excluded.code, final_at = excluded.final_at
WHERE l.state IN ('submitted', 'unknown')
RETURNING l.carrier_message_id, l.message_id::text, l.account_id::text, l.campaign_id::text
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


def apply(
    cursor: Cursor[Any], arrived: Sequence[Arrived], now: datetime, unmatched_after: float = UNMATCHED_AFTER
) -> list[Event]:
    """Write receipts; returns the delivery events of the changes. Those that match nothing are parked.

    :param unmatched_after: seconds until a receipt that matches nothing may be that of a message without an answer.
    """
    events: list[Event] = []
    by_carrier: dict[UUID, dict[str, Arrived]] = {}
    far = _far(cursor, arrived, now)
    believed, doubted = typed_receipts.judged(cursor, arrived, far)
    for receipt in believed:
        of_carrier = by_carrier.setdefault(receipt.carrier_id, {})
        earlier = of_carrier.get(receipt.carrier_message_id)
        # Two of one message in a batch: the final one counts, whichever came last.
        if earlier is None or earlier.state is MessageState.UNKNOWN:
            of_carrier[receipt.carrier_message_id] = receipt
    unmatched = doubted
    names = _names(cursor, {receipt.carrier_id for receipt in arrived})
    for carrier_id, waiting in by_carrier.items():
        known = len(events)
        _apply_to_messages(cursor, carrier_id, waiting, now - NEAR, events)
        if waiting:
            _apply_to_parts(cursor, carrier_id, waiting, far, events)
        if waiting:
            _apply_to_messages(cursor, carrier_id, waiting, far, events)
        if waiting:
            _drop_repeated(cursor, carrier_id, waiting, far)
        if waiting:
            _apply_as_spelled_earlier(cursor, carrier_id, waiting, far, events)
        _name_peer(events[known:], names.get(carrier_id))
        unmatched += waiting.values()
    late = now.timestamp() - unmatched_after
    parked = []
    for receipt in unmatched:
        known = len(events)
        if receipt.tries and receipt.at <= late and unknown_messages.mend(cursor, receipt, far, events):
            _name_peer(events[known:], names.get(receipt.carrier_id))
        else:
            parked.append(receipt)
    parked_receipts.park(cursor, parked, now)
    return events


def without(cursor: Cursor[Any], message_ids: Sequence[str]) -> tuple[int, int]:
    """How many of the messages a carrier has, or had, and of how many of these nobody knows more."""
    cursor.execute(
        "SELECT count(*), count(*) FILTER (WHERE l.state = 'submitted') FROM unnest(%s::uuid[]) AS u(message_id)"
        " CROSS JOIN LATERAL (SELECT state FROM ledger WHERE message_id = u.message_id LIMIT 1) l",
        (list(message_ids),),
    )
    looked_at, silent = cursor.fetchone() or (0, 0)
    return int(looked_at), int(silent)


def _name_peer(events: Iterable[Event], name: str | None) -> None:
    for event in events:
        event["peer"] = name or ""


def _names(cursor: Cursor[Any], carrier_ids: Collection[UUID]) -> dict[UUID, str]:
    """What operators call these carriers."""
    if not carrier_ids:
        return {}
    cursor.execute("SELECT id, name FROM carriers WHERE id = ANY(%s)", (list(carrier_ids),))
    return dict(cursor.fetchall())


def _far(cursor: Cursor[Any], arrived: Sequence[Arrived], now: datetime) -> datetime:
    """How old the messages may be that are asked for. Of what was looked for in vain, also those that left when they
    were old: scheduled long before, or of a campaign that was paused."""
    far = now - FAR
    oldest = overdue.since(cursor) if any(receipt.tries for receipt in arrived) else None
    return min(far, oldest) if oldest else far


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


def _apply_to_messages(
    cursor: Cursor[Any], carrier_id: UUID, waiting: dict[str, Arrived], since: datetime, events: list[Event]
) -> None:
    cursor.execute(_APPLY, _arguments(carrier_id, waiting, since))
    for identifier, message_id, account_id, campaign_id in cursor.fetchall():
        receipt = waiting.pop(identifier, None)
        if receipt is not None:
            event = receipt_event(message_id, account_id, campaign_id, receipt.at, receipt.state, receipt.code)
            events.append(_with_parameters(event, receipt))


def _with_parameters(event: Event, receipt: Arrived) -> Event:
    """For partners; `smpp_deliveries.add_receipts` takes them out of it again."""
    if receipt.parameters and event["campaign_id"] is None:
        event["parameters"] = receipt.parameters
    return event


def _apply_to_parts(
    cursor: Cursor[Any], carrier_id: UUID, waiting: dict[str, Arrived], since: datetime, events: list[Event]
) -> None:
    touched = parts.apply(cursor, _arguments(carrier_id, waiting, since))
    if not touched:
        return
    at = max(receipt.at for receipt in waiting.values())
    last = {str(message_id): waiting[identifier] for identifier, message_id in touched if identifier in waiting}
    for identifier, _ in touched:
        waiting.pop(identifier, None)
    for event in parts.end_messages(cursor, list({message_id for _, message_id in touched}), since, at):
        receipt = last.get(event["message_id"])
        events.append(event if receipt is None else _with_parameters(event, receipt))


def _apply_as_spelled_earlier(
    cursor: Cursor[Any], carrier_id: UUID, waiting: dict[str, Arrived], since: datetime, events: list[Event]
) -> None:
    """Ids that were written before they had one spelling are in the ledger as the carrier wrote them. A row of today
    has none of these spellings, so none is taken for another."""
    names = {
        spelling: identifier
        for identifier, receipt in waiting.items()
        for spelling in earlier_spellings(identifier, receipt.spelled)
    }
    asked = {spelling: waiting[name]._replace(carrier_message_id=spelling) for spelling, name in names.items()}
    for step in (_apply_to_messages, _apply_to_parts):
        if asked:
            step(cursor, carrier_id, asked, since, events)
    if asked:
        _drop_repeated(cursor, carrier_id, asked, since)
    for spelling in names.keys() - asked.keys():
        waiting.pop(names[spelling], None)


def _drop_repeated(cursor: Cursor[Any], carrier_id: UUID, waiting: dict[str, Arrived], since: datetime) -> None:
    """Receipts of messages that are final already, or that say what is known, say nothing new."""
    cursor.execute(_REPEATED, _arguments(carrier_id, waiting, since))
    for (identifier,) in cursor.fetchall():
        waiting.pop(identifier, None)
