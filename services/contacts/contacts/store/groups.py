"""Groups and who is in them; the counts are kept by the database's triggers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed


def find(session: Session, *, account_id: UUID, group_id: UUID, lock: bool = False) -> RowMapping | None:
    return (
        session.execute(
            text("SELECT * FROM groups WHERE id = :id AND account_id = :account" + (" FOR UPDATE" if lock else "")),
            {"id": group_id, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


def known(session: Session, *, account_id: UUID, group_ids: Sequence[UUID]) -> set[UUID]:
    """Those of `group_ids` that are the account's."""
    return set(
        session.scalars(
            text("SELECT id FROM groups WHERE account_id = :account AND id = ANY(:ids)"),
            {"account": account_id, "ids": list(group_ids)},
        )
    )


def insert(session: Session, *, group_id: UUID, account_id: UUID, name: str, description: str) -> bool:
    """Add a group; False where the name is in use."""
    rows = changed(
        session,
        "INSERT INTO groups (id, account_id, name, description) VALUES (:id, :account, :name, :description)"
        " ON CONFLICT (account_id, lower(name)) WHERE NOT archived DO NOTHING",
        id=group_id,
        account=account_id,
        name=name,
        description=description,
    )
    return rows > 0


def update(session: Session, *, account_id: UUID, group_id: UUID, values: Mapping[str, Any]) -> None:
    session.execute(
        text(
            "UPDATE groups SET name = coalesce(:name, name), description = coalesce(:description, description),"
            " archived = coalesce(:archived, archived), updated_at = now() WHERE id = :id AND account_id = :account"
        ),
        {
            "id": group_id,
            "account": account_id,
            "name": values.get("name"),
            "description": values.get("description"),
            "archived": values.get("archived"),
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
    """Put those of `contact_ids` that are the account's into the group; returns how many were not in it."""
    return changed(
        session,
        "INSERT INTO group_members (group_id, contact_id, account_id)"
        " SELECT :group, id, :account FROM contacts WHERE account_id = :account AND id = ANY(:ids)"
        " ORDER BY id ON CONFLICT DO NOTHING",
        group=group_id,
        account=account_id,
        ids=list(contact_ids),
    )


def remove_members(session: Session, *, account_id: UUID, group_id: UUID, contact_ids: Sequence[UUID]) -> int:
    return changed(
        session,
        "DELETE FROM group_members WHERE group_id = :group AND account_id = :account AND contact_id = ANY(:ids)",
        group=group_id,
        account=account_id,
        ids=list(contact_ids),
    )


def fill(session: Session, *, account_id: UUID, group_id: UUID, where: str, parameters: Mapping[str, Any]) -> int:
    """Put every contact `c` that fits `where` (our own SQL, bound parameters) into the group."""
    return changed(
        session,
        "INSERT INTO group_members (group_id, contact_id, account_id)"
        f" SELECT :target, c.id, :account FROM contacts c WHERE c.account_id = :account AND {where}"
        " ON CONFLICT DO NOTHING",
        **parameters,
        target=group_id,
        account=account_id,
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


def split(
    session: Session,
    *,
    account_id: UUID,
    source: UUID,
    targets: Sequence[UUID],
    percents: Sequence[float],
    seed: str,
) -> None:
    """Deal the members of `source` out to `targets`, by a hash of seed and contact: the same again is the same.

    Everybody lands in exactly one part; sizes differ from the exact share by less than one.
    """
    total = session.scalar(text("SELECT count(*) FROM group_members WHERE group_id = :source"), {"source": source}) or 0
    bounds = [round(total * sum(percents[:at]) / 100) for at in range(len(percents) + 1)]
    bounds[-1] = total
    session.execute(
        text(
            "WITH dealt AS (SELECT contact_id,"
            "   row_number() OVER (ORDER BY md5(:seed || contact_id::text), contact_id) AS place"
            "   FROM group_members WHERE group_id = :source AND account_id = :account)"
            " INSERT INTO group_members (group_id, contact_id, account_id)"
            " SELECT part.target, dealt.contact_id, :account FROM dealt JOIN unnest(CAST(:targets AS uuid[]),"
            "   CAST(:lows AS bigint[]), CAST(:highs AS bigint[])) part (target, low, high)"
            "   ON dealt.place > part.low AND dealt.place <= part.high"
        ),
        {
            "seed": seed,
            "source": source,
            "account": account_id,
            "targets": list(targets),
            "lows": bounds[:-1],
            "highs": bounds[1:],
        },
    )
