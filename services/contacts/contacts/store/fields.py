"""Custom fields. A field's values lie in `contacts.custom` under its slot, which never changes.

So renaming a key touches one row, and deleting a field too: a new field of the same key gets a new slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed
from contacts.store import people


def all_of(session: Session, *, account_id: UUID) -> list[RowMapping]:
    return list(
        session.execute(
            text("SELECT * FROM contact_fields WHERE account_id = :account AND deleted_at IS NULL ORDER BY id"),
            {"account": account_id},
        ).mappings()
    )


def page(session: Session, *, account_id: UUID, after: UUID | None, limit: int) -> list[RowMapping]:
    rows = all_of(session, account_id=account_id)
    return [row for row in rows if after is None or row["id"] > after][:limit]


def find(session: Session, *, account_id: UUID, field_id: UUID) -> RowMapping | None:
    return (
        session.execute(
            text(
                "SELECT * FROM contact_fields WHERE id = :id AND account_id = :account AND deleted_at IS NULL"
                " FOR UPDATE"
            ),
            {"id": field_id, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


def insert(session: Session, *, field_id: UUID, account_id: UUID, key: str, label: str, kind: str) -> bool:
    """Add a field; False where the key is in use."""
    rows = changed(
        session,
        "INSERT INTO contact_fields (id, account_id, key, label, kind, slot)"
        " SELECT CAST(:id AS uuid), CAST(:account AS uuid), :key, :label, :kind,"
        " 'f' || (SELECT count(*) + 1 FROM contact_fields WHERE account_id = :account)"
        " ON CONFLICT (account_id, key) WHERE deleted_at IS NULL DO NOTHING",
        id=field_id,
        account=account_id,
        key=key,
        label=label,
        kind=kind,
    )
    return rows > 0


def update(session: Session, *, account_id: UUID, field_id: UUID, values: Mapping[str, Any]) -> None:
    session.execute(
        text(
            "UPDATE contact_fields SET key = coalesce(:key, key), label = coalesce(:label, label)"
            " WHERE id = :id AND account_id = :account"
        ),
        {"id": field_id, "account": account_id, "key": values.get("key"), "label": values.get("label")},
    )


def delete(session: Session, *, account_id: UUID, field_id: UUID) -> str | None:
    """Delete a field; returns its slot, whose values nobody sees any more and are for `forget_values`."""
    return session.scalar(
        text(
            "UPDATE contact_fields SET deleted_at = now()"
            " WHERE id = :id AND account_id = :account AND deleted_at IS NULL RETURNING slot"
        ),
        {"id": field_id, "account": account_id},
    )


def forget_values(
    session: Session, *, account_id: UUID, slot: str, after: UUID | None, limit: int
) -> tuple[UUID | None, int]:
    """Take the values under `slot` out of the next contacts; returns the last one's id (None: no more) and how many."""
    people.lock_account(session, account_id=account_id)
    ids = session.scalars(
        text(
            "SELECT id FROM contacts WHERE account_id = :account AND (CAST(:after AS uuid) IS NULL OR id > :after)"
            " ORDER BY id LIMIT :limit"
        ),
        {"account": account_id, "after": after, "limit": limit},
    ).all()
    session.execute(
        text(
            "UPDATE contacts SET custom = custom - CAST(:slot AS text) WHERE account_id = :account AND id = ANY(:ids)"
            " AND jsonb_exists(custom, :slot)"
        ),
        {"account": account_id, "slot": slot, "ids": list(ids)},
    )
    return (ids[-1] if ids else None), len(ids)
