"""Who has left a group by an unsubscribe page, and what people are told of groups.

Whatever puts contacts into groups leaves them out (`NOT_LEFT`), but for what they do themselves: to sign up by a form,
to write a keyword.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed

MOST_SHOWN = 100


def not_left(group: str, contact: str, address: str) -> str:
    """SQL: nobody who has left the group; two sets that are hashed, for an `OR` would be walked once a row.

    :param group, contact, address: SQL of the three.
    """
    of = f"SELECT FROM group_leavers l WHERE l.group_id = {group}"
    return (
        f"NOT EXISTS ({of} AND l.contact_id = {contact})"
        f" AND NOT EXISTS ({of} AND l.address IS NOT NULL AND l.address = {address})"
    )


def leave(session: Session, *, group_ids: Sequence[UUID], account_id: UUID, contact_id: UUID, **told: Any) -> None:
    """Out of these groups, as far as they are the account's, and not back. Twice is harmless: the last telling stays.

    Under the account's lock; and under the groups', which whoever adds to a group by hand holds without the account's:
    it has ended, and its members go, or it begins after this, and knows who has left.

    :param told: campaign_id, message_id and left_at.
    """
    values = {"ids": list(group_ids), "account": account_id, "contact": contact_id, **told}
    session.execute(
        text("SELECT FROM groups WHERE account_id = :account AND id = ANY(:ids) ORDER BY id FOR UPDATE"),
        {"account": account_id, "ids": list(group_ids)},
    )
    session.execute(
        text(
            "INSERT INTO group_leavers (group_id, contact_id, account_id, address, campaign_id, message_id, left_at)"
            " SELECT g.id, :contact, :account,"
            "  (SELECT c.email FROM contacts c WHERE c.account_id = :account AND c.id = :contact),"
            "  :campaign_id, :message_id, :left_at"
            " FROM groups g WHERE g.account_id = :account AND g.id = ANY(:ids) ORDER BY g.id"
            " ON CONFLICT (group_id, contact_id) DO UPDATE SET"
            " address = coalesce(excluded.address, group_leavers.address), campaign_id = excluded.campaign_id,"
            " message_id = excluded.message_id, left_at = excluded.left_at, kept_at = now()"
        ),
        values,
    )
    session.execute(
        text(
            "DELETE FROM group_members WHERE account_id = :account AND contact_id = :contact AND group_id = ANY(:ids)"
        ),
        values,
    )


def come_back(session: Session, *, account_id: UUID, group_ids: Sequence[UUID], contact_ids: Sequence[UUID]) -> int:
    """The contacts may be in these groups again: they have asked for it."""
    return changed(
        session,
        "DELETE FROM group_leavers l WHERE l.account_id = :account AND l.group_id = ANY(:groups)"
        " AND (l.contact_id = ANY(:ids) OR l.address IN (SELECT c.email FROM contacts c WHERE c.account_id = :account"
        " AND c.id = ANY(:ids) AND c.email IS NOT NULL))",
        account=account_id,
        groups=list(group_ids),
        ids=list(contact_ids),
    )


def come_back_by_phone(session: Session, *, account_id: UUID, group_id: UUID, phone: str) -> None:
    session.execute(
        text(
            "DELETE FROM group_leavers l USING contacts c WHERE l.account_id = :account AND l.group_id = :group"
            " AND c.account_id = :account AND c.phone = :phone AND (l.contact_id = c.id OR l.address = c.email)"
        ),
        {"account": account_id, "group": group_id, "phone": phone},
    )


def of_contact(session: Session, *, account_id: UUID, contact_id: UUID) -> list[RowMapping]:
    """Groups that the contact has left and that are still there, the latest first."""
    query = text(
        "SELECT l.group_id, g.name, l.left_at AS at, l.campaign_id, l.message_id FROM group_leavers l"
        " JOIN groups g ON g.id = l.group_id WHERE l.account_id = :account AND l.contact_id = :contact"
        " ORDER BY l.left_at DESC, l.group_id LIMIT :most"
    )
    values = {"account": account_id, "contact": contact_id, "most": MOST_SHOWN}
    return list(session.execute(query, values).mappings())


def last_kept_at(session: Session, *, account_id: UUID) -> datetime | None:
    """When somebody last left a group of the account by themselves; None: nobody has."""
    query = text("SELECT max(kept_at) FROM group_leavers WHERE account_id = :account")
    found: datetime | None = session.scalar(query, {"account": account_id})
    return found


def has_leavers_since(session: Session, *, account_id: UUID, group_ids: Sequence[UUID], since: datetime) -> bool:
    return bool(
        session.scalar(
            text(
                "SELECT EXISTS (SELECT FROM group_leavers WHERE account_id = :account AND kept_at >= :since"
                " AND group_id = ANY(:groups))"
            ),
            {"account": account_id, "since": since, "groups": list(group_ids)},
        )
    )


def forget_people(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID], addresses: Sequence[str]) -> None:
    session.execute(
        text(
            "DELETE FROM group_leavers WHERE account_id = :account"
            " AND (contact_id = ANY(:ids) OR address = ANY(:addresses))"
        ),
        {"account": account_id, "ids": list(contact_ids), "addresses": list(addresses)},
    )


def forget_group(session: Session, *, account_id: UUID, group_id: UUID) -> None:
    session.execute(
        text("DELETE FROM group_leavers WHERE account_id = :account AND group_id = :group"),
        {"account": account_id, "group": group_id},
    )


def count_public(session: Session, *, account_id: UUID) -> int:
    query = text("SELECT count(*) FROM groups WHERE account_id = :account AND public IS NOT NULL")
    return int(session.scalar(query, {"account": account_id}) or 0)
