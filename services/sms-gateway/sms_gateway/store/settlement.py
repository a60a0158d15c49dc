"""Settlement: what became of messages that were claimed, in one write, with the events that tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import Cursor

from chassis import erasures
from contracts import lanes
from contracts.ids import created_at
from contracts.vocabulary import ERASED_ADDRESS, Channel, MessageState
from sms_gateway.work import Batch, Message, without_person

EVENTS_AT_ONCE = 1_000
FINAL = frozenset({MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REJECTED})
_COLUMNS = (
    "message_id, account_id, campaign_id, contact_id, carrier_id, carrier_message_id, address, state, code, parts,"
    " submitted_at, final_at"
)
_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def settle(cursor: Cursor[Any], messages: Sequence[Message], *, careful: bool = False) -> list[dict[str, Any]]:
    """Write outcomes; returns the delivery events.

    :param careful: some of `messages` may have been settled by a sweeper that took this instance for dead.
    :raises psycopg.errors.UniqueViolation: they had, and `careful` was not set: try again with it.
    """
    _leave_erased_out(cursor, messages)
    fresh = [] if careful else [message for message in messages if not message.existing]
    rest = messages if careful else [message for message in messages if message.existing]
    if fresh:
        with cursor.copy(f"COPY ledger ({_COLUMNS}) FROM STDIN") as copy:
            copy.write("".join([_row(message) for message in fresh]))
    if rest:
        _upsert(cursor, rest)
    _write_parts(cursor, messages)
    _schedule(cursor, [message for message in messages if message.state is MessageState.DEFERRED])
    _remember_unknown(cursor, [message for message in messages if message.state is MessageState.UNKNOWN])
    return [
        event_of(message) for message in messages if message.state is not MessageState.DEFERRED or not message.attempts
    ]


def _leave_erased_out(cursor: Cursor[Any], messages: Sequence[Message]) -> None:
    """Whoever was erased since their message was claimed is written down without their number."""
    concerned = erasures.watch(cursor, {message.chunk.batch.header.account_id for message in messages})
    if not concerned:
        return
    told = (
        (message.message_id, message.chunk.batch.header.account_id, message.recipient["address"])
        for message in messages
        if message.chunk.batch.header.account_id in concerned
    )
    gone = erasures.among(cursor, told)
    for message in messages:
        if message.message_id in gone:
            message.recipient = without_person(message.recipient)


def _row(message: Message) -> str:
    header, recipient = message.chunk.batch.header, message.recipient
    stamp = _stamp(message.submitted_at)
    identifier = _single_id(message)
    return (
        f"{message.message_id}\t{header.account_id}\t{header.campaign_id or _NULL}\t"
        f"{recipient.get('contact_id') or _NULL}\t"
        f"{message.carrier or _NULL}\t{identifier.translate(_ESCAPES) if identifier else _NULL}\t"
        f"{recipient['address'].translate(_ESCAPES)}\t{message.state}\t{message.code or _NULL}\t{message.parts}\t"
        f"{stamp}\t{stamp if message.state in FINAL else _NULL}\n"
    )


def _single_id(message: Message) -> str | None:
    """The carrier's id of a message that one submit_sm carried; those of parts stand in `ledger_parts`."""
    return message.carrier_ids[0] or None if message.carrier_ids and message.travelling == 1 else None


_last_stamp: tuple[float, str] = (0.0, "")


def _stamp(moment: float) -> str:
    # All answers of one read of a socket share their moment, so the last stamp fits again and again.
    global _last_stamp
    if _last_stamp[0] != moment:
        _last_stamp = (moment, datetime.fromtimestamp(moment, UTC).isoformat())
    return _last_stamp[1]


def _upsert(cursor: Cursor[Any], messages: Sequence[Message]) -> None:
    columns: list[list[Any]] = [[] for _ in range(12)]
    for message in messages:
        header, recipient = message.chunk.batch.header, message.recipient
        moment = datetime.fromtimestamp(message.submitted_at, UTC)
        row = (
            message.message_id, header.account_id, header.campaign_id, recipient.get("contact_id") or None,
            message.carrier.id if message.carrier else None, _single_id(message), recipient["address"],
            message.state, message.code, message.parts, moment, moment if message.state in FINAL else None,
        )  # fmt: skip
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    cursor.execute(
        f"INSERT INTO ledger AS l ({_COLUMNS}) SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[],"
        " %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::timestamptz[],"
        " %s::timestamptz[]) ON CONFLICT (message_id) DO UPDATE SET carrier_id = excluded.carrier_id,"
        " carrier_message_id = excluded.carrier_message_id, state = excluded.state, code = excluded.code,"
        " parts = excluded.parts, submitted_at = excluded.submitted_at, final_at = excluded.final_at"
        ", address = excluded.address, contact_id = excluded.contact_id"
        " WHERE l.state IN ('accepted', 'deferred', 'unknown')",
        columns,
    )


def _write_parts(cursor: Cursor[Any], messages: Sequence[Message]) -> None:
    rows = [
        (message.message_id, number, str(message.carrier), identifier, "submitted")
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
            [list(column) for column in zip(*rows, strict=True)],
        )


def _schedule(cursor: Cursor[Any], deferred: Sequence[Message]) -> None:
    if not deferred:
        return
    rows = []
    for message in deferred:
        header = message.chunk.batch.header
        body = orjson.dumps({**header.as_json(), "recipients": [message.recipient]})
        rows.append((message.message_id, header.account_id, message.due_at, message.attempts + 1, message.code, body))
    cursor.execute(
        "INSERT INTO retries (message_id, account_id, due_at, attempts, reason, body)"
        " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::smallint[], %s::text[], %s::bytea[])"
        " ON CONFLICT (message_id) DO NOTHING",
        [list(column) for column in zip(*rows, strict=True)],
    )


def _remember_unknown(cursor: Cursor[Any], messages: Sequence[Message]) -> None:
    """For receipts that no id leads to; of a person who was erased there is none."""
    unknown = [message for message in messages if message.recipient["address"] != ERASED_ADDRESS]
    if unknown:
        cursor.execute(
            "INSERT INTO unknown_messages (message_id, address, parts_left, sender, claimed_at) SELECT * FROM"
            " unnest(%s::uuid[], %s::text[], %s::smallint[], %s::text[], %s::timestamptz[]) ON CONFLICT DO NOTHING",
            (
                [message.message_id for message in unknown],
                [message.recipient["address"] for message in unknown],
                [_unanswered(message) for message in unknown],
                [message.chunk.batch.content.sender for message in unknown],
                [created_at(message.chunk.claim.claim_id) if message.chunk.claim else None for message in unknown],
            ),
        )


def _unanswered(message: Message) -> int:
    """How many of the submit_sm that carry it have no id: so many receipts may come that match nothing."""
    return message.travelling - sum(1 for identifier in message.carrier_ids or () if identifier)


def event_of(message: Message) -> dict[str, Any]:
    """The delivery event of an outcome, with everything that never changes."""
    header, recipient = message.chunk.batch.header, message.recipient
    event = {
        "message_id": message.message_id,
        "account_id": header.account_id,
        "at": message.submitted_at,
        "kind": message.state,
        "channel": Channel.SMS,
        "campaign_id": header.campaign_id,
        "contact_id": recipient.get("contact_id"),
        "address": recipient["address"],
        "sender": message.chunk.batch.content.sender,
        "parts": message.parts,
    }
    if message.code:
        event["code"] = message.code
    return event


def record_lanes(
    cursor: Cursor[Any], instance_id: UUID, events: Sequence[dict[str, Any]], done: Sequence[Batch]
) -> list[tuple[int, str, bytes]]:
    """Record events and finished batches in the outbox; returns (position, lane, body) for the publisher."""
    messages = [
        (
            lanes.DELIVERY_EVENTS,
            orjson.dumps({"v": 1, "source": "sms_gateway", "events": events[start : start + EVENTS_AT_ONCE]}),
        )
        for start in range(0, len(events), EVENTS_AT_ONCE)
    ]
    messages += [
        (lanes.BATCHES_DONE, _batch_done(batch)) for batch in done if batch.header.campaign_id and batch.delivery
    ]
    recorded = []
    for lane, body in messages:
        # One by one and in binary: an array of such bodies costs more to escape than all else here together.
        cursor.execute(
            "INSERT INTO lane_outbox (instance_id, lane, body) VALUES (%s, %s, %b) RETURNING position",
            (instance_id, lane, body),
        )
        row = cursor.fetchone()
        assert row is not None
        recorded.append((row[0], lane, body))
    return recorded


def _batch_done(batch: Batch) -> bytes:
    return orjson.dumps(
        {
            "v": 1,
            "batch_id": batch.header.batch_id,
            "campaign_id": batch.header.campaign_id,
            "submitted": batch.submitted,
            "failed": batch.failed,
            "deferred": batch.deferred,
        }
    )


def forget_published(cursor: Cursor[Any], positions: Sequence[int]) -> None:
    if positions:
        cursor.execute("DELETE FROM lane_outbox WHERE position = ANY(%s)", (list(positions),))
