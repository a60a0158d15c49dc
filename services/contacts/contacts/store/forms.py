"""Sign-up forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed

_COLUMNS = (
    "account_name", "name", "title", "language", "consent_texts", "consent_version", "fields", "group_ids", "channels",
    "sender", "submitted_url", "confirmed_url", "origins", "archived",
)  # fmt: skip
_JSON = frozenset({"consent_texts", "fields", "sender"})


def insert(session: Session, *, form_id: UUID, account_id: UUID, values: Mapping[str, Any]) -> bool:
    """Add a form; False where its name is in use."""
    names = [name for name in _COLUMNS if name in values]
    rows = changed(
        session,
        f"INSERT INTO forms (id, account_id, {', '.join(names)})"
        f" VALUES (:id, :account, {', '.join(':' + name for name in names)})"
        " ON CONFLICT (account_id, lower(name)) WHERE NOT archived DO NOTHING",
        id=form_id,
        account=account_id,
        **_bound(values),
    )
    return rows > 0


def update(session: Session, *, account_id: UUID, form_id: UUID, values: Mapping[str, Any]) -> None:
    names = [name for name in _COLUMNS if name in values]
    session.execute(
        text(
            f"UPDATE forms SET {', '.join(f'{name} = :{name}' for name in names)}, updated_at = now()"
            " WHERE id = :id AND account_id = :account"
        ),
        {"id": form_id, "account": account_id, **_bound(values)},
    )


def _bound(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: orjson.dumps(value).decode() if name in _JSON and value is not None else value
        for name, value in values.items()
        if name in _COLUMNS
    }


def find(session: Session, *, account_id: UUID, form_id: UUID, lock: bool = False) -> RowMapping | None:
    return (
        session.execute(
            text("SELECT * FROM forms WHERE id = :id AND account_id = :account" + (" FOR UPDATE" if lock else "")),
            {"id": form_id, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


def find_open(session: Session, *, form_id: UUID, hold: bool = False) -> RowMapping | None:
    """The form that a stranger fills in, of whichever account; none where it is archived.

    :param hold: keep it until the transaction ends, so that its deletion takes what is submitted by it too.
    """
    return (
        session.execute(
            text("SELECT * FROM forms WHERE id = :id AND NOT archived" + (" FOR SHARE" if hold else "")),
            {"id": form_id},
        )
        .mappings()
        .one_or_none()
    )


def find_named(session: Session, *, account_id: UUID, name: str) -> UUID | None:
    """The form of this name that is not archived, in any case of letters."""
    return session.scalar(
        text("SELECT id FROM forms WHERE account_id = :account AND lower(name) = lower(:name) AND NOT archived"),
        {"account": account_id, "name": name},
    )


def page(session: Session, *, account_id: UUID, archived: bool, after: UUID | None, limit: int) -> list[RowMapping]:
    return list(
        session.execute(
            text(
                "SELECT * FROM forms WHERE account_id = :account AND archived = :archived"
                " AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit"
            ),
            {"account": account_id, "archived": archived, "after": after, "limit": limit},
        ).mappings()
    )


def delete(session: Session, *, account_id: UUID, form_id: UUID) -> bool:
    """Delete a form and what was not confirmed; confirmed submissions stay, they are the evidence of consents."""
    parameters = {"id": form_id, "account": account_id}
    gone = changed(session, "DELETE FROM forms WHERE id = :id AND account_id = :account", **parameters)
    session.execute(
        text("DELETE FROM submissions WHERE form_id = :id AND account_id = :account AND confirmed_at IS NULL"),
        parameters,
    )
    return gone > 0
