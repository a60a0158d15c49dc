"""The retry schedule: messages that must wait, each with all that is needed to send it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import Cursor

from channel.batches import UNREADABLE, Recipient, ensure_recipients
from channel.left_out import Looked
from channel.outlets import Message
from chassis.database import columns

UPKEEP = "upkeep"
"""What a resting upkeep is woken by (`chassis.waking`)."""

# What is due, the longest first, by whether it is of a campaign. Each has an index of its own (`tables`): a single
# message is found at once behind a million of a campaign's.
_DUE = {
    False: "due_at <= now() AND campaign_id IS NULL ORDER BY due_at",
    True: "due_at <= now() AND campaign_id IS NOT NULL ORDER BY due_at",
}


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


def due(cursor: Cursor[Any], limit: int, *, of_campaigns: bool = False) -> tuple[list[str], list[Looked]]:
    """Messages that are due, by id, and those of them that go to campaigns' contacts: `channel.left_out`.

    :param of_campaigns: those of campaigns, which contacts is asked about; else single ones, which wait for nobody.
    """
    body = "body" if of_campaigns else "NULL"
    cursor.execute(f"SELECT message_id::text, {body} FROM retries WHERE {_DUE[of_campaigns]} LIMIT %s", (limit,))
    message_ids, looked = [], []
    for message_id, body in cursor.fetchall():
        message_ids.append(message_id)
        if body is not None and (each := _looked(message_id, body)) is not None:
            looked.append(each)
    return message_ids, looked


def _looked(message_id: str, body: bytes) -> Looked | None:
    """None for who is nobody's contact, and for what cannot be read: whoever takes that parks it."""
    try:
        read = orjson.loads(body)
        ensure_one_message(read)
        campaign_id = str(UUID(read["campaign_id"]))
    except UNREADABLE:
        return None
    (recipient,) = read["recipients"]
    contact_id = recipient.get("contact_id")
    if not contact_id:
        return None
    return Looked(message_id, read["account_id"], contact_id, recipient["address"], campaign_id)


def ensure_one_message(body: dict[str, Any]) -> None:
    """:raises UNREADABLE: it is no account's batch of one recipient."""
    UUID(body["account_id"])
    ensure_recipients(body["recipients"])
    if len(body["recipients"]) != 1:
        raise ValueError("a row of the schedule has one recipient")


def take_due(cursor: Cursor[Any], message_ids: Sequence[str]) -> list[Due]:
    """Take messages that are due out of the schedule; the caller claims them in the same transaction."""
    cursor.execute(
        "DELETE FROM retries WHERE message_id = ANY (ARRAY(SELECT message_id FROM retries"
        " WHERE message_id = ANY(%s::uuid[]) AND due_at <= now() FOR UPDATE SKIP LOCKED)) RETURNING attempts, body",
        (list(message_ids),),
    )
    return [Due(attempts, orjson.loads(body)) for attempts, body in cursor.fetchall()]


def take_due_bodies(cursor: Cursor[Any], limit: int, *, of_campaigns: bool) -> list[tuple[int, bytes]]:
    """The longest due, unread."""
    cursor.execute(
        "DELETE FROM retries WHERE message_id = ANY (ARRAY(SELECT message_id FROM retries"
        f" WHERE {_DUE[of_campaigns]} LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING attempts, body",
        (limit,),
    )
    return cursor.fetchall()


def pull_forward(cursor: Cursor[Any], reason: str, limit: int = 10_000) -> bool:
    """What waits for `reason` is due now: an outlet is back, a quarantine over. True while there may be more of it."""
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
