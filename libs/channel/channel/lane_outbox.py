"""Delivery events and finished batches on their way to the lanes: recorded with what they tell of, then published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from psycopg import Cursor

from channel.batches import Batch
from channel.instances import ALIVE
from contracts import lanes

EVENTS_AT_ONCE = 1_000

LaneMessage = tuple[int, str, bytes]
"""Position in the outbox, lane (or its routing key), body."""


def record(
    cursor: Cursor[Any], instance_id: UUID, source: str, events: Sequence[dict[str, Any]], done: Sequence[Batch]
) -> list[LaneMessage]:
    """Record events and finished batches; returns what is to be published."""
    messages = [
        (key, orjson.dumps({"v": 1, "source": source, "events": some[start : start + EVENTS_AT_ONCE]}))
        for key, some in lanes.by_routing_key(events)
        for start in range(0, len(some), EVENTS_AT_ONCE)
    ]
    messages += [
        (lanes.BATCHES_DONE, _batch_done(batch)) for batch in done if batch.header.campaign_id and batch.delivery
    ]
    return [record_body(cursor, instance_id, lane, body) for lane, body in messages]


def record_body(cursor: Cursor[Any], instance_id: UUID, lane: str, body: bytes) -> LaneMessage:
    """Record one message, whatever it says, for a queue by its name."""
    # One by one and in binary: an array of such bodies costs more to escape than all else here together.
    cursor.execute(
        "INSERT INTO lane_outbox (instance_id, lane, body) VALUES (%s, %s, %b) RETURNING position",
        (instance_id, lane, body),
    )
    row = cursor.fetchone()
    assert row is not None
    return row[0], lane, body


def _batch_done(batch: Batch) -> bytes:
    return orjson.dumps(
        {
            "v": 1,
            "batch_id": batch.header.batch_id,
            "campaign_id": batch.header.campaign_id,
            "submitted": batch.submitted,
            "failed": batch.failed,
            "deferred": batch.deferred,
            "units": batch.units,
            "left_out": batch.left_out,
            "content_failed": batch.content_failed,
        }
    )


def forget_published(cursor: Cursor[Any], positions: Sequence[int]) -> None:
    if positions:
        cursor.execute("DELETE FROM lane_outbox WHERE position = ANY(%s)", (list(positions),))


def take_over(cursor: Cursor[Any], instance_id: UUID, on_the_way: Sequence[int], limit: int) -> list[LaneMessage]:
    """Lane messages of dead instances become this instance's; returns them.

    So do its own of a minute ago that are not `on_the_way`: the answer to their commit was lost.
    """
    cursor.execute(
        "UPDATE lane_outbox SET instance_id = %s WHERE position = ANY (ARRAY(SELECT position FROM lane_outbox o"
        f" WHERE NOT EXISTS (SELECT 1 FROM ({ALIVE}) i WHERE i.instance_id = o.instance_id)"
        " OR (instance_id = %s AND recorded_at < now() - interval '1 minute' AND position <> ALL(%s))"
        " ORDER BY position LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING position, lane, body",
        (instance_id, instance_id, list(on_the_way), limit),
    )
    return [(position, lane, bytes(body)) for position, lane, body in cursor.fetchall()]
