"""The retry schedule: messages that must wait, each with all that is needed to send it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor

from channel.batches import Recipient
from channel.left_out import Looked
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
                header.campaign_id,
                message.due_at,
                message.attempts + message.was_tried,
                message.code,
                body,
            )
        )
    cursor.execute(
        "INSERT INTO retries (message_id, account_id, campaign_id, due_at, attempts, reason, body) SELECT * FROM"
        " unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::smallint[], %s::text[], %s::bytea[])"
        " ON CONFLICT (message_id) DO NOTHING",
        columns(rows, 7),
    )


def put_back(cursor: Cursor[Any], claimed: Mapping[str, Any], recipients: Mapping[str, Recipient]) -> None:
    """Recipients of a claim that came from the schedule are due again, tried as often as before.

    :param claimed: the claim's body. :param recipients: by message id.
    """
    header = {name: value for name, value in claimed.items() if name not in ("recipients", "attempts", "outlet_id")}
    rows = [
        (
            message_id,
            header["account_id"],
            header["campaign_id"],
            claimed["attempts"].get(str(recipient["number"]), 0),
            orjson.dumps({**header, "recipients": [recipient]}),
        )
        for message_id, recipient in recipients.items()
    ]
    cursor.execute(
        "INSERT INTO retries (message_id, account_id, campaign_id, due_at, attempts, body)"
        " SELECT message_id, account_id, campaign_id, now(), attempts, body"
        " FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::smallint[], %s::bytea[])"
        " r(message_id, account_id, campaign_id, attempts, body) ON CONFLICT (message_id) DO NOTHING",
        columns(rows, 5),
    )


def waiting(cursor: Cursor[Any], message_ids: Sequence[str]) -> set[str]:
    """Those of `message_ids` that are in the schedule."""
    cursor.execute("SELECT message_id::text FROM retries WHERE message_id = ANY(%s::uuid[])", (list(message_ids),))
    return {message_id for (message_id,) in cursor.fetchall()}


def due(cursor: Cursor[Any], limit: int) -> tuple[list[str], list[Looked]]:
    """Messages that are due, by id, and those of them that go to campaigns' contacts: `channel.left_out`."""
    cursor.execute(
        "SELECT message_id::text, CASE WHEN campaign_id IS NOT NULL THEN body END FROM retries"
        " WHERE due_at <= now() ORDER BY due_at LIMIT %s",
        (limit,),
    )
    message_ids, looked = [], []
    for message_id, body in cursor.fetchall():
        message_ids.append(message_id)
        recipient = _recipient_of(body)
        if recipient and recipient.get("contact_id"):
            looked.append(Looked(message_id, recipient["account_id"], recipient["contact_id"], recipient["address"]))
    return message_ids, looked


def _recipient_of(body: bytes | None) -> dict[str, Any] | None:
    """None for what cannot be read: whoever takes it puts it aside (`channel.parking`)."""
    try:
        read = orjson.loads(body or b"null")
        return read and {**read["recipients"][0], "account_id": read["account_id"]}
    except (ValueError, LookupError, TypeError):
        return None


def put_off(cursor: Cursor[Any], message_ids: Sequence[str], wait: timedelta) -> None:
    """They are due later, tried as often as before."""
    cursor.execute(
        "UPDATE retries SET due_at = now() + %s WHERE message_id = ANY(%s::uuid[])", (wait, list(message_ids))
    )


def take_due(cursor: Cursor[Any], message_ids: Sequence[str]) -> list[Due]:
    """Take messages that are due out of the schedule; the caller claims them in the same transaction."""
    cursor.execute(
        "DELETE FROM retries WHERE message_id = ANY (ARRAY(SELECT message_id FROM retries"
        " WHERE message_id = ANY(%s::uuid[]) AND due_at <= now() FOR UPDATE SKIP LOCKED)) RETURNING attempts, body",
        (list(message_ids),),
    )
    return [Due(attempts, orjson.loads(body)) for attempts, body in cursor.fetchall()]


def take_due_bodies(cursor: Cursor[Any], limit: int) -> list[tuple[int, bytes]]:
    """The longest due, unread."""
    cursor.execute(
        "DELETE FROM retries WHERE message_id = ANY (ARRAY(SELECT message_id FROM retries WHERE due_at <= now()"
        " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING attempts, body",
        (limit,),
    )
    return cursor.fetchall()


def pull_forward(cursor: Cursor[Any], reason: str, limit: int = 10_000) -> bool:
    """What waits for `reason` is due now: an outlet is back. True while there may be more of it."""
    cursor.execute(
        "UPDATE retries SET due_at = now() WHERE message_id = ANY (ARRAY(SELECT message_id FROM retries"
        " WHERE reason = %s AND due_at > now() LIMIT %s FOR UPDATE SKIP LOCKED))",
        (reason, limit),
    )
    return cursor.rowcount == limit


def pull_forward_of(
    cursor: Cursor[Any], account_id: UUID, campaign_id: UUID | None, reason: str | None, limit: int = 10_000
) -> int:
    """What waits of the account, of one campaign and for one reason where they are given, is due now.

    :returns: of how many that is new; `limit` means that there may be more.
    """
    wanted, values = ["account_id = %s", "due_at > now()"], list[Any]([account_id])
    for column, value in (("campaign_id", campaign_id), ("reason", reason)):
        if value is not None:
            wanted.append(f"{column} = %s")
            values.append(value)
    cursor.execute(
        "UPDATE retries SET due_at = now() WHERE message_id = ANY (ARRAY(SELECT message_id FROM retries"
        f" WHERE {' AND '.join(wanted)} LIMIT %s FOR UPDATE SKIP LOCKED))",
        (*values, limit),
    )
    return cursor.rowcount
