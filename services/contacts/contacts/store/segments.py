"""Saved segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed


def find(session: Session, *, account_id: UUID, segment_id: UUID) -> RowMapping | None:
    return (
        session.execute(
            text("SELECT * FROM segments WHERE id = :id AND account_id = :account"),
            {"id": segment_id, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


def all_of(session: Session, *, account_id: UUID) -> list[RowMapping]:
    return list(
        session.execute(
            text("SELECT * FROM segments WHERE account_id = :account ORDER BY id"), {"account": account_id}
        ).mappings()
    )


def is_named(session: Session, *, account_id: UUID, name: str, but: UUID | None) -> bool:
    """Whether another segment than `but` has this name, in any case of letters."""
    return bool(
        session.scalar(
            text(
                "SELECT EXISTS (SELECT 1 FROM segments WHERE account_id = :account AND lower(name) = lower(:name)"
                " AND id IS DISTINCT FROM CAST(:but AS uuid))"
            ),
            {"account": account_id, "name": name, "but": but},
        )
    )


def insert(session: Session, *, segment_id: UUID, account_id: UUID, values: Mapping[str, Any]) -> None:
    session.execute(
        text(
            "INSERT INTO segments (id, account_id, name, description, rules)"
            " VALUES (:id, :account, :name, :description, :rules)"
        ),
        {"id": segment_id, "account": account_id, **_bound(values)},
    )


def update(session: Session, *, account_id: UUID, segment_id: UUID, values: Mapping[str, Any]) -> None:
    session.execute(
        text(
            "UPDATE segments SET name = :name, description = :description, rules = :rules, updated_at = now()"
            " WHERE id = :id AND account_id = :account"
        ),
        {"id": segment_id, "account": account_id, **_bound(values)},
    )


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": values["name"],
        "description": values["description"],
        "rules": orjson.dumps(values["rules"]).decode(),
    }


def delete(session: Session, *, account_id: UUID, segment_id: UUID) -> bool:
    rows = changed(
        session, "DELETE FROM segments WHERE id = :id AND account_id = :account", id=segment_id, account=account_id
    )
    return rows > 0
