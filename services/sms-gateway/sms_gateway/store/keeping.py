"""What is due and what was left behind: the retry schedule, dead instances' claims and unpublished lane messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor

# What a keeper with nothing to look after waits for.
KEEPER = "keeper"
ALIVE = "SELECT instance_id FROM instances WHERE expires_at > now()"


class Due(NamedTuple):
    """One message of the retry schedule: how often it was tried, and its batch's header with one recipient."""

    attempts: int
    body: dict[str, Any]


class Abandoned(NamedTuple):
    """A dead instance's claim, less what it had settled."""

    claim_id: UUID
    body: dict[str, Any]


def is_anything_waiting(cursor: Cursor[Any]) -> bool:
    """Whether a keeper has anything to look after: retries, parked receipts, claims or lane messages, anybody's."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM retries) OR EXISTS (SELECT FROM parked_receipts)"
        " OR EXISTS (SELECT FROM claims) OR EXISTS (SELECT FROM lane_outbox)"
    )
    return bool(next(cursor)[0])


def take_due(cursor: Cursor[Any], limit: int) -> list[Due]:
    """Take messages that are due out of the schedule; the caller claims them in the same transaction."""
    cursor.execute(
        "DELETE FROM retries WHERE message_id IN (SELECT message_id FROM retries WHERE due_at <= now()"
        " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING attempts, body",
        (limit,),
    )
    return [Due(attempts, orjson.loads(body)) for attempts, body in cursor.fetchall()]


def pull_forward(cursor: Cursor[Any], reason: str) -> None:
    """A carrier is back: what waited for one is due now."""
    cursor.execute("UPDATE retries SET due_at = now() WHERE reason = %s AND due_at > now()", (reason,))


def take_abandoned(cursor: Cursor[Any], limit: int) -> list[Abandoned]:
    """Take claims of instances whose lease ran out, in the caller's transaction."""
    cursor.execute(
        "DELETE FROM claims WHERE claim_id IN (SELECT claim_id FROM claims c"
        f" WHERE NOT EXISTS (SELECT 1 FROM ({ALIVE}) i WHERE i.instance_id = c.instance_id)"
        " LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING claim_id, body",
        (limit,),
    )
    return [Abandoned(claim_id, orjson.loads(body)) for claim_id, body in cursor.fetchall()]


def settled_states(cursor: Cursor[Any], message_ids: Sequence[str]) -> dict[str, str]:
    """States of those of `message_ids` that have a row in the ledger."""
    cursor.execute(
        "SELECT message_id::text, state FROM ledger WHERE message_id = ANY(%s::uuid[])", (list(message_ids),)
    )
    return dict(cursor.fetchall())


def take_over_outbox(
    cursor: Cursor[Any], instance_id: UUID, on_the_way: Sequence[int], limit: int
) -> list[tuple[int, str, bytes]]:
    """Lane messages of dead instances become this instance's; returns (position, lane, body).

    So do its own of a minute ago that are not `on_the_way`: the answer to their commit was lost.
    """
    cursor.execute(
        "UPDATE lane_outbox SET instance_id = %s WHERE position IN (SELECT position FROM lane_outbox o"
        f" WHERE NOT EXISTS (SELECT 1 FROM ({ALIVE}) i WHERE i.instance_id = o.instance_id)"
        " OR (instance_id = %s AND recorded_at < now() - interval '1 minute' AND position <> ALL(%s))"
        " ORDER BY position LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING position, lane, body",
        (instance_id, instance_id, list(on_the_way), limit),
    )
    return [(position, lane, bytes(body)) for position, lane, body in cursor.fetchall()]


def forget_instance(cursor: Cursor[Any], instance_id: UUID) -> None:
    """A clean stop: what is still claimed was never handed over, so whoever gets the batch next sends it."""
    cursor.execute("DELETE FROM claims WHERE instance_id = %s", (instance_id,))
    cursor.execute("DELETE FROM instances WHERE instance_id = %s", (instance_id,))


def forget_dead_instances(cursor: Cursor[Any]) -> None:
    cursor.execute(
        "DELETE FROM instances i WHERE expires_at < now() - interval '1 hour'"
        " AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.instance_id = i.instance_id)"
    )
