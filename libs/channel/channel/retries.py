"""The retry schedule: messages that must wait, each with all that is needed to send it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from psycopg import Cursor

from channel.outlets import Message
from chassis.database import columns

UPKEEP = "upkeep"
"""What a resting upkeep is woken by (`chassis.waking`)."""


class Due(NamedTuple):
    """One message of the retry schedule: how often it was tried, and its batch's header with one recipient."""

    attempts: int
    body: dict[str, Any]


def schedule(cursor: Cursor[Any], deferred: Sequence[Message]) -> None:
    if not deferred:
        return
    rows = []
    for message in deferred:
        header = message.header
        body = orjson.dumps({**header.as_json(), "recipients": [message.recipient]})
        rows.append(
            (
                message.message_id,
                header.account_id,
                message.due_at,
                message.attempts + message.was_tried,
                message.code,
                body,
            )
        )
    cursor.execute(
        "INSERT INTO retries (message_id, account_id, due_at, attempts, reason, body)"
        " SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::smallint[], %s::text[], %s::bytea[])"
        " ON CONFLICT (message_id) DO NOTHING",
        columns(rows, 6),
    )


def take_due(cursor: Cursor[Any], limit: int) -> list[Due]:
    """Take messages that are due out of the schedule; the caller claims them in the same transaction."""
    cursor.execute(
        "DELETE FROM retries WHERE message_id IN (SELECT message_id FROM retries WHERE due_at <= now()"
        " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING attempts, body",
        (limit,),
    )
    return [Due(attempts, orjson.loads(body)) for attempts, body in cursor.fetchall()]


def pull_forward(cursor: Cursor[Any], reason: str) -> None:
    """What waits for `reason` is due now: an outlet is back."""
    cursor.execute("UPDATE retries SET due_at = now() WHERE reason = %s AND due_at > now()", (reason,))
