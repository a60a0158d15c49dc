"""Groups and who is in them; the counts are kept by the database's triggers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed
from contacts.store import leavers


def find(session: Session, *, account_id: UUID, group_id: UUID, lock: bool = False) -> RowMapping | None:
    return (
        session.execute(
            text("SELECT * FROM groups WHERE id = :id AND account_id = :account" + (" FOR UPDATE" if lock else "")),
            {"id": group_id, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


def find_all(session: Session, *, account_id: UUID, ids: Sequence[UUID]) -> Sequence[RowMapping]:
    query = text("SELECT * FROM groups WHERE account_id = :account AND id = ANY(:ids)")
    return session.execute(query, {"account": account_id, "ids": list(ids)}).mappings().all()


def known(session: Session, *, account_id: UUID, group_ids: Sequence[UUID]) -> set[UUID]:
    """Those of `group_ids` that are the account's."""
    return set(
        session.scalars(
            text("SELECT id FROM groups WHERE account_id = :account AND id = ANY(:ids)"),
            {"account": account_id, "ids": list(group_ids)},
        )
    )


def insert(
    session: Session,
    *,
    group_id: UUID,
    account_id: UUID,
    name: str,
    description: str,
    public: Mapping[str, Any] | None = None,
) -> bool:
    """Add a group; False where the name is in use."""
    rows = changed(
        session,
        "INSERT INTO groups (id, account_id, name, description, public)"
        " VALUES (:id, :account, :name, :description, CAST(:public AS jsonb))"
        " ON CONFLICT (account_id, lower(name)) WHERE NOT archived DO NOTHING",
        id=group_id,
        account=account_id,
        name=name,
        description=description,
        public=None if public is None else orjson.dumps(public).decode(),
    )
    return rows > 0


def update(session: Session, *, account_id: UUID, group_id: UUID, values: Mapping[str, Any]) -> None:
    session.execute(
        text(
            "UPDATE groups SET name = coalesce(:name, name), description = coalesce(:description, description),"
            " archived = coalesce(:archived, archived), updated_at = now(),"
            " public = CASE WHEN :says_public THEN CAST(:public AS jsonb) ELSE public END"
            " WHERE id = :id AND account_id = :account"
        ),
        {
            "id": group_id,
            "account": account_id,
            "name": values.get("name"),
            "description": values.get("description"),
            "archived": values.get("archived"),
            "says_public": "public" in values,
            "public": orjson.dumps(values["public"]).decode() if values.get("public") is not None else None,
        },
    )


def delete(session: Session, *, account_id: UUID, group_id: UUID) -> bool:
    """Delete the group itself; its memberships, which nobody sees any more, are for `forget_members`."""
    parameters = {"id": group_id, "account": account_id}
    return changed(session, "DELETE FROM groups WHERE id = :id AND account_id = :account", **parameters) > 0


def forget_members(session: Session, *, account_id: UUID, group_id: UUID, limit: int) -> int:
    """Delete up to `limit` memberships of a deleted group; returns how many."""
    return changed(
        session,
        "DELETE FROM group_members WHERE group_id = :group AND contact_id = ANY(ARRAY("
        "SELECT contact_id FROM group_members WHERE group_id = :group AND account_id = :account LIMIT :limit))",
        group=group_id,
        account=account_id,
        limit=limit,
    )


def add_members(session: Session, *, account_id: UUID, group_id: UUID, contact_ids: Sequence[UUID]) -> int:
    """Put those of `contact_ids` that are the account's into the group, but for who has left it by themselves; returns
    how many were not in it."""
    return changed(
        session,
        "INSERT INTO group_members (group_id, contact_id, account_id)"
        " SELECT :group, c.id, :account FROM contacts c WHERE c.account_id = :account AND c.id = ANY(:ids)"
        f" AND {leavers.not_left(':group', 'c.id', 'c.email')}"
        " ORDER BY c.id ON CONFLICT DO NOTHING",
        group=group_id,
        account=account_id,
        ids=list(contact_ids),
    )


def count_to_move(session: Session, *, source_id: UUID, target_id: UUID, contact_ids: Sequence[UUID]) -> int:
    """For how many of them a move from one group to the other changes anything."""
    member = "EXISTS (SELECT FROM group_members m WHERE m.group_id = :{group} AND m.contact_id = moved.id)"
    leaves = f"{member.format(group='source')} AND :source <> :target"
    query = text(
        "SELECT count(*) FROM unnest(CAST(:ids AS uuid[])) AS moved (id)"
        f" WHERE NOT {member.format(group='target')} OR {leaves}"
    )
    return int(session.scalar(query, {"ids": list(contact_ids), "source": source_id, "target": target_id}) or 0)


def remove_members(session: Session, *, account_id: UUID, group_id: UUID, contact_ids: Sequence[UUID]) -> int:
    return changed(
        session,
        "DELETE FROM group_members WHERE group_id = :group AND account_id = :account AND contact_id = ANY(:ids)",
        group=group_id,
        account=account_id,
        ids=list(contact_ids),
    )


def existing_members(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID]) -> set[UUID]:
    """Those of `contact_ids` that are the account's contacts."""
    return set(
        session.scalars(
            text("SELECT id FROM contacts WHERE account_id = :account AND id = ANY(:ids)"),
            {"account": account_id, "ids": list(contact_ids)},
        )
    )


def find_named(session: Session, *, account_id: UUID, name: str) -> UUID | None:
    """The group of this name that is not archived, in any case of letters."""
    return session.scalar(
        text("SELECT id FROM groups WHERE account_id = :account AND lower(name) = lower(:name) AND NOT archived"),
        {"account": account_id, "name": name},
    )


def names_in_use(session: Session, *, account_id: UUID, names: Sequence[str]) -> set[str]:
    """Those of `names`, in lower case, that groups have which are not archived."""
    query = text(
        "SELECT lower(name) FROM groups WHERE account_id = :account AND NOT archived"
        " AND lower(name) IN (SELECT lower(asked) FROM unnest(CAST(:names AS text[])) AS asked)"
    )
    return set(session.scalars(query, {"account": account_id, "names": list(names)}))


def count_anew(session: Session, *, account_id: UUID, group_id: UUID) -> None:
    """The triggers did not count who came in before the group was there."""
    session.execute(
        text(
            "UPDATE groups SET contacts = (SELECT count(*) FROM group_members WHERE group_id = :group"
            " AND account_id = :account) WHERE id = :group AND account_id = :account"
        ),
        {"group": group_id, "account": account_id},
    )
