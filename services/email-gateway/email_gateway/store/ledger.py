"""The ledger, the retry schedule and instance leases: plain SQL with `unnest`, a statement per batch.

A message's way: (`accepted` →) `claimed` → a final state, `deferred` with a row in `retries`, or `unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from chassis.database import cursor_of
from email_gateway.domain import FORM_ACCOUNT, SYSTEM_ACCOUNT
from email_gateway.models import LedgerRow

LEASE_SECONDS = 10


@dataclass(slots=True)
class Message:
    """One message as the sender handles it."""

    message_id: UUID
    account_id: UUID
    campaign_id: UUID | None
    contact_id: UUID | None
    address: str
    fields: dict[str, Any]
    content_hash: str
    sender: str
    lane: str
    name: str | None = None
    attempts: int = 0
    first_tried_at: datetime | None = None


_CLAIM = """
INSERT INTO ledger (message_id, account_id, campaign_id, contact_id, address, sender, lane, state, attempts, claimed_by)
SELECT m, %(account_id)s, %(campaign_id)s, c, a, %(sender)s, %(lane)s, 'claimed', 1, %(instance)s
FROM unnest(%(message_ids)s::uuid[], %(contact_ids)s::uuid[], %(addresses)s::text[]) AS t (m, c, a)
ON CONFLICT (message_id) DO UPDATE
SET state = 'claimed', attempts = 1, claimed_by = EXCLUDED.claimed_by, updated_at = now()
WHERE ledger.state = 'accepted'
RETURNING message_id
"""

_SETTLE = """
UPDATE ledger l
SET state = t.state, code = t.code, detail = t.detail, attempts = t.attempts, claimed_by = NULL, updated_at = now()
FROM unnest(%(message_ids)s::uuid[], %(states)s::text[], %(codes)s::text[], %(details)s::text[], %(attempts)s::int[])
    AS t (message_id, state, code, detail, attempts)
WHERE l.message_id = t.message_id AND l.message_id BETWEEN %(least)s AND %(greatest)s
    AND l.state IN ('claimed', 'unknown')
RETURNING l.message_id
"""

_DEFER = """
INSERT INTO retries (message_id, account_id, campaign_id, contact_id, address, name, lane, content_hash, fields,
    attempts, first_tried_at, due_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::jsonb[], %s::smallint[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (message_id) DO UPDATE SET due_at = EXCLUDED.due_at, attempts = EXCLUDED.attempts
"""

# One statement takes what is due and claims it: there is no moment in which a message is in neither place.
_TAKE_DUE = """
WITH due AS (
    DELETE FROM retries WHERE message_id IN (
        SELECT message_id FROM retries WHERE due_at <= now() ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING *
)
UPDATE ledger l SET state = 'claimed', claimed_by = %(instance)s, updated_at = now()
FROM due WHERE l.message_id = due.message_id AND l.state = 'deferred'
RETURNING due.message_id, due.account_id, due.campaign_id, due.contact_id, due.address, due.fields, due.content_hash,
    l.sender, due.lane, due.name, due.attempts, due.first_tried_at
"""

_ABANDONED = """
FROM (SELECT message_id FROM ledger WHERE state = 'claimed' AND NOT EXISTS
    (SELECT 1 FROM instances i
    WHERE i.instance_id = ledger.claimed_by AND i.seen_at > now() - make_interval(secs => %(lease)s))
    LIMIT 1000 FOR UPDATE SKIP LOCKED) dead
WHERE l.message_id = dead.message_id
"""

_MARK_UNKNOWN = f"""
UPDATE ledger l SET state = 'unknown', claimed_by = NULL, updated_at = now()
{_ABANDONED} AND l.lane = 'bulk'
RETURNING l.message_id, l.account_id, l.campaign_id, l.contact_id, l.address, l.sender
"""

_SEND_AGAIN = f"""
WITH again AS (
    UPDATE ledger l SET state = 'deferred', claimed_by = NULL, updated_at = now()
    {_ABANDONED} AND l.lane <> 'bulk'
    RETURNING l.*
)
INSERT INTO retries (message_id, account_id, campaign_id, contact_id, address, name, lane, content_hash, fields,
    attempts, first_tried_at, due_at)
SELECT message_id, account_id, campaign_id, contact_id, address, name, lane, content_hash,
    coalesce(fields, '{{}}'), attempts, now(), now()
FROM again WHERE content_hash IS NOT NULL
ON CONFLICT (message_id) DO UPDATE SET due_at = EXCLUDED.due_at
"""


def claim(session: Session, messages: Sequence[Message], *, instance: UUID) -> set[UUID]:
    """Claim the messages (of one batch) that nobody has had; returns the ids of those that are ours to hand over."""
    first = messages[0]
    with cursor_of(session) as cursor:
        cursor.execute(
            _CLAIM,
            {
                "account_id": first.account_id,
                "campaign_id": first.campaign_id,
                "sender": first.sender,
                "lane": first.lane,
                "instance": instance,
                "message_ids": [message.message_id for message in messages],
                "contact_ids": [message.contact_id for message in messages],
                "addresses": [message.address for message in messages],
            },
        )
        return {row[0] for row in cursor.fetchall()}


def settle(session: Session, rows: Sequence[tuple[UUID, str, str, str, int]]) -> set[UUID]:
    """Write what became of claimed messages: (id, state, code, detail, attempts); returns the ids that changed.

    A message that a sweeper took from us meanwhile (we were thought dead) and put back for sending is left alone.
    """
    if not rows:
        return set()
    message_ids, states, codes, details, attempts = (list(column) for column in zip(*rows, strict=True))
    with cursor_of(session) as cursor:
        cursor.execute(
            _SETTLE,
            {
                "message_ids": message_ids,
                "states": states,
                "codes": codes,
                "details": details,
                "attempts": attempts,
                "least": min(message_ids),
                "greatest": max(message_ids),
            },
        )
        return {row[0] for row in cursor.fetchall()}


def defer(session: Session, deferred: Sequence[tuple[Message, int, datetime, datetime]]) -> None:
    """Put messages into the retry schedule: (message, attempts so far, first tried at, due at)."""
    if not deferred:
        return
    columns = zip(
        *(
            (
                message.message_id,
                message.account_id,
                message.campaign_id,
                message.contact_id,
                message.address,
                message.name,
                message.lane,
                message.content_hash,
                Jsonb(message.fields),
                attempts,
                first_tried_at,
                due_at,
            )
            for message, attempts, first_tried_at, due_at in deferred
        ),
        strict=True,
    )
    with cursor_of(session) as cursor:
        cursor.execute(_DEFER, [list(column) for column in columns])


def take_due(session: Session, *, instance: UUID, limit: int) -> list[Message]:
    """Take messages whose time has come out of the retry schedule, claimed by this instance."""
    with cursor_of(session) as cursor:
        cursor.execute(_TAKE_DUE, {"limit": limit, "instance": instance})
        return [Message(*row) for row in cursor.fetchall()]


def is_schedule_empty(session: Session) -> bool:
    return not session.scalar(text("SELECT EXISTS (SELECT FROM retries)"))


def states_of(session: Session, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    with cursor_of(session) as cursor:
        cursor.execute("SELECT message_id, state FROM ledger WHERE message_id = ANY(%s)", [list(message_ids)])
        return {row[0]: row[1] for row in cursor.fetchall()}


def beat(session: Session, *, instance: UUID) -> None:
    """Renew the instance's lease."""
    session.execute(
        text(
            "INSERT INTO instances (instance_id) VALUES (:instance)"
            " ON CONFLICT (instance_id) DO UPDATE SET seen_at = now()"
        ),
        {"instance": instance},
    )


def leave(session: Session, *, instance: UUID) -> None:
    """Give up the lease (a clean stop): what is still claimed may be swept at once."""
    session.execute(text("DELETE FROM instances WHERE instance_id = :instance"), {"instance": instance})


def mark_abandoned_unknown(session: Session) -> list[tuple[UUID, UUID, UUID | None, UUID | None, str, str]]:
    """Bulk messages that a dead instance had claimed are unknown now.

    :returns: (message, account, campaign, contact, address, sender) of each.
    """
    with cursor_of(session) as cursor:
        cursor.execute(_MARK_UNKNOWN, {"lease": LEASE_SECONDS})
        return cursor.fetchall()


def send_abandoned_again(session: Session) -> int:
    """Single messages that a dead instance had claimed go back into the retry schedule, due now."""
    with cursor_of(session) as cursor:
        cursor.execute(_SEND_AGAIN, {"lease": LEASE_SECONDS})
        return cursor.rowcount


def forget_dead_instances(session: Session) -> None:
    session.execute(text("DELETE FROM instances WHERE seen_at < now() - interval '1 hour'"))


# Single messages


def send_id_of_request(session: Session, *, account_id: UUID, request_key: str, send_id: UUID) -> tuple[UUID, bool]:
    """The send that this request key stands for, and whether it is new."""
    inserted = session.execute(
        text(
            "INSERT INTO requests (account_id, request_key, send_id) VALUES (:account_id, :request_key, :send_id)"
            " ON CONFLICT DO NOTHING RETURNING send_id"
        ),
        {"account_id": account_id, "request_key": request_key, "send_id": send_id},
    ).first()
    if inserted is not None:
        return send_id, True
    known = session.scalar(
        text("SELECT send_id FROM requests WHERE account_id = :account_id AND request_key = :request_key"),
        {"account_id": account_id, "request_key": request_key},
    )
    return known, False


def accept(session: Session, messages: Sequence[Message], *, external_id: str | None) -> None:
    """Write single messages down as accepted, with all that is needed to send them."""
    rows = [
        (
            message.message_id,
            message.account_id,
            message.contact_id,
            message.address,
            message.sender,
            message.lane,
            message.content_hash,
            orjson.dumps(message.fields).decode(),
            message.name,
            external_id,
        )
        for message in messages
    ]
    with cursor_of(session) as cursor:
        cursor.executemany(
            "INSERT INTO ledger (message_id, account_id, contact_id, address, sender, lane, state, content_hash,"
            " fields, name, external_id) VALUES (%s, %s, %s, %s, %s, %s, 'accepted', %s, %s::jsonb, %s, %s)"
            " ON CONFLICT DO NOTHING",
            rows,
        )


def message(session: Session, *, account_id: UUID, message_id: UUID) -> LedgerRow | None:
    return session.scalar(
        select(LedgerRow).where(LedgerRow.account_id == account_id, LedgerRow.message_id == message_id)
    )


def erase_account(session: Session, *, account_id: UUID) -> None:
    """Forget every address of the account; what is waiting is not sent any more."""
    # With the confirmation mails of its forms that left, or are to leave, from the platform's address.
    theirs = f"account_id = :account_id OR account_id = :system AND fields ->> '{FORM_ACCOUNT}' = :account_text"
    bound = {"account_id": account_id, "system": SYSTEM_ACCOUNT, "account_text": str(account_id)}
    session.execute(text(f"DELETE FROM retries WHERE {theirs}"), bound)
    session.execute(text("DELETE FROM quota_leases WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text("DELETE FROM erasures WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text("DELETE FROM requests WHERE account_id = :account_id"), {"account_id": account_id})
    session.execute(text(f"DELETE FROM ledger WHERE {theirs}"), bound)
