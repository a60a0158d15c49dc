"""Devices: written one at a time, read by the hundred."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg import Cursor
from sqlalchemy import select, text

from chassis.database import Session, changed
from contracts.ids import first_id_at
from push_gateway.models import Device

PRUNED_AT_ONCE = 1_000

# A token that comes again is the same device, whatever else it says of itself by now. Who says nothing of its owner
# keeps the one it has.
_PUT = text(
    """
    INSERT INTO devices AS d (id, account_id, application_id, platform, token, token_hash, keys, language, time_zone,
                              contact_id)
    VALUES (:id, :account, :application, :platform, :token, :token_hash, CAST(:keys AS jsonb), :language, :time_zone,
            :contact)
    ON CONFLICT (application_id, token_hash) DO UPDATE
    SET platform = excluded.platform, keys = excluded.keys, language = excluded.language,
        time_zone = excluded.time_zone, contact_id = coalesce(excluded.contact_id, d.contact_id), seen_at = now()
    RETURNING id, contact_id, xmax = 0 AS is_new, (SELECT o.contact_id FROM devices o
        WHERE o.application_id = d.application_id AND o.token_hash = d.token_hash) AS before
    """
)
_OF_ADDRESSES = """
SELECT d.contact_id::text AS address, d.id, d.platform, d.token, d.keys, d.language, d.seen_at FROM devices d
WHERE d.account_id = %(account)s AND d.application_id = %(application)s AND d.contact_id = ANY(%(ids)s::uuid[])
UNION ALL
SELECT d.id::text, d.id, d.platform, d.token, d.keys, d.language, d.seen_at FROM devices d
WHERE d.account_id = %(account)s AND d.application_id = %(application)s AND d.id = ANY(%(ids)s::uuid[])
"""
# One that has registered anew since the answer was asked for stays.
_DELETE_DEAD = """
DELETE FROM devices d USING unnest(%s::uuid[], %s::timestamptz[]) AS dead(id, seen_at)
WHERE d.id = dead.id AND d.seen_at <= dead.seen_at RETURNING d.account_id, d.contact_id
"""
_LEFT_WITHOUT = """
SELECT g.account_id, g.contact_id::text FROM unnest(%s::uuid[], %s::uuid[]) AS g(account_id, contact_id)
WHERE NOT EXISTS (SELECT 1 FROM devices d WHERE d.account_id = g.account_id AND d.contact_id = g.contact_id)
"""


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def put(session: Session, *, keys: dict[str, str] | None, token: str, **columns: Any) -> Any:
    """Add a device, or tell anew of one; a row: its id, contact, the contact before, and whether it is new."""
    written = keys and orjson.dumps(keys).decode()
    return session.execute(_PUT, {**columns, "token": token, "token_hash": token_hash(token), "keys": written}).one()


def keep_newest(session: Session, *, account_id: UUID, contact_id: UUID, most: int) -> int:
    """Of a contact's devices those seen last; how many went."""
    return changed(
        session,
        "DELETE FROM devices WHERE id IN (SELECT id FROM devices WHERE account_id = :account AND contact_id = :contact"
        " ORDER BY seen_at DESC, id DESC OFFSET :most)",
        account=account_id, contact=contact_id, most=most,
    )  # fmt: skip


def count_unowned_since(session: Session, application_id: UUID, since: datetime) -> int:
    """How many of an application's devices are new since then, and nobody's."""
    statement = text(
        "SELECT count(*) FROM devices WHERE application_id = :application AND id >= :first AND contact_id IS NULL"
    )
    asked = {"application": application_id, "first": first_id_at(since)}
    return int(session.scalar(statement, asked) or 0)


def prune(session: Session, unseen_since: datetime) -> int:
    """Devices that are nobody's and have not been heard of since then, some at a time; how many went."""
    return changed(
        session,
        "DELETE FROM devices WHERE id IN (SELECT id FROM devices WHERE contact_id IS NULL AND seen_at < :since"
        " ORDER BY seen_at LIMIT :limit FOR UPDATE SKIP LOCKED)",
        since=unseen_since, limit=PRUNED_AT_ONCE,
    )  # fmt: skip


def of_application(
    session: Session, account_id: UUID, application_id: UUID, *, contact_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[Device]:
    query = select(Device).where(Device.account_id == account_id, Device.application_id == application_id)
    if contact_id is not None:
        query = query.where(Device.contact_id == contact_id)
    query = query.order_by(Device.id).limit(limit)
    return session.scalars(query if after is None else query.where(Device.id > after)).all()


def of_contacts(session: Session, account_id: UUID, contact_ids: Collection[UUID]) -> Sequence[Device]:
    query = select(Device).where(Device.account_id == account_id, Device.contact_id.in_(contact_ids))
    return session.scalars(query.order_by(Device.id)).all()


def with_addresses(cursor: Cursor[Any], account_id: str, application_id: UUID, ids: Collection[str]) -> list[Any]:
    """Devices of contacts and devices by themselves: (address, id, platform, token, keys, language, seen_at) each."""
    asked = {"account": account_id, "application": application_id, "ids": list(ids)}
    return cursor.execute(_OF_ADDRESSES, asked).fetchall()


def remove(session: Session, *, account_id: UUID, device_id: UUID) -> Any:
    """Its contact, in a row; None: there is none of that id."""
    statement = text("DELETE FROM devices WHERE id = :id AND account_id = :account RETURNING contact_id")
    return session.execute(statement, {"id": device_id, "account": account_id}).one_or_none()


def remove_by_token(session: Session, *, application_id: UUID, token: str) -> Any:
    statement = text(
        "DELETE FROM devices WHERE application_id = :application AND token_hash = :hash RETURNING contact_id"
    )
    return session.execute(statement, {"application": application_id, "hash": token_hash(token)}).one_or_none()


def remove_dead(cursor: Cursor[Any], dead: Sequence[tuple[UUID, Any]]) -> list[tuple[UUID, UUID]]:
    """Devices that their providers know no more, (id, when it was seen); account and contact of those removed."""
    rows = cursor.execute(_DELETE_DEAD, ([one for one, _ in dead], [seen for _, seen in dead])).fetchall()
    return sorted({(account_id, contact_id) for account_id, contact_id in rows if contact_id is not None})


def without_any(cursor: Cursor[Any], contacts: Sequence[tuple[UUID, UUID]]) -> list[tuple[UUID, str]]:
    """Those of the contacts (account, contact) that have no device any more."""
    asked = ([account for account, _ in contacts], [contact for _, contact in contacts])
    return cursor.execute(_LEFT_WITHOUT, asked).fetchall() if contacts else []


def erase(session: Session, *, account_id: UUID, contact_ids: Collection[UUID], until: Any) -> int:
    return changed(
        session,
        "DELETE FROM devices WHERE account_id = :account AND contact_id = ANY(:ids) AND created_at <= :until",
        account=account_id, ids=list(contact_ids), until=until,
    )  # fmt: skip
