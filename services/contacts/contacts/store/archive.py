"""Addresses that get no more campaigns, per channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import columns

_ADD = text(
    """
    INSERT INTO archive (id, account_id, channel, address, contact_id, reason, note, source, campaign_id,
                         archived_by)
    SELECT e.id, :account, :channel, e.address, coalesce(e.contact_id, c.id), e.reason, e.note, :source,
           CAST(:campaign AS uuid), CAST(:by AS uuid)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:addresses AS text[]), CAST(:contacts AS uuid[]),
                CAST(:reasons AS text[]), CAST(:notes AS text[])) e (id, address, contact_id, reason, note)
    LEFT JOIN contacts c ON c.account_id = :account
        AND CASE :channel WHEN 'email' THEN c.email ELSE c.phone END = e.address
    ORDER BY e.address
    ON CONFLICT (account_id, channel, address) WHERE restored_at IS NULL DO NOTHING
    RETURNING *
    """
)
_PAGE = text(
    """
    SELECT * FROM archive WHERE account_id = :account AND (restored_at IS NOT NULL) = :restored
    AND (CAST(:channel AS text) IS NULL OR channel = :channel)
    AND (CAST(:address AS text) IS NULL OR address = :address)
    AND (CAST(:reason AS text) IS NULL OR reason = :reason)
    AND (CAST(:campaign AS uuid) IS NULL OR campaign_id = :campaign)
    AND (CAST(:since AS timestamptz) IS NULL OR created_at >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR created_at <= :until)
    AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit
    """
)


def add(
    session: Session,
    *,
    account_id: UUID,
    channel: str,
    entries: Sequence[dict[str, Any]],
    source: str,
    campaign_id: UUID | None = None,
    archived_by: str | None = None,
) -> list[RowMapping]:
    """Archive addresses that are not archived yet; returns the new rows.

    :param entries: `{id, address, contact_id, reason, note}` each.
    """
    rows = [(one["id"], one["address"], one.get("contact_id"), one["reason"], one.get("note", "")) for one in entries]
    ids, addresses, contacts, reasons, notes = columns(rows, 5)
    return list(
        session.execute(
            _ADD,
            {
                "account": account_id,
                "channel": channel,
                "source": source,
                "campaign": campaign_id,
                "by": archived_by,
                "ids": ids,
                "addresses": addresses,
                "contacts": contacts,
                "reasons": reasons,
                "notes": notes,
            },
        ).mappings()
    )


def present(session: Session, *, account_id: UUID, channel: str, addresses: Sequence[str]) -> list[RowMapping]:
    """The standing entries of these addresses."""
    return list(
        session.execute(
            text(
                "SELECT * FROM archive WHERE account_id = :account AND channel = :channel AND address = ANY(:addresses)"
                " AND restored_at IS NULL"
            ),
            {"account": account_id, "channel": channel, "addresses": list(addresses)},
        ).mappings()
    )


def page(
    session: Session,
    *,
    account_id: UUID,
    channel: str | None,
    address: str | None,
    restored: bool,
    after: UUID | None,
    limit: int,
    reason: str | None = None,
    campaign_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[RowMapping]:
    """A page by id, which is by time; `since` and `until` bound when an address was archived, both included."""
    return list(
        session.execute(
            _PAGE,
            {
                "account": account_id,
                "channel": channel,
                "address": address,
                "restored": restored,
                "reason": reason,
                "campaign": campaign_id,
                "since": since,
                "until": until,
                "after": after,
                "limit": limit,
            },
        ).mappings()
    )


def count(session: Session, *, account_id: UUID) -> int:
    """How many addresses are archived now."""
    return int(
        session.scalar(
            text("SELECT count(*) FROM archive WHERE account_id = :account AND restored_at IS NULL"),
            {"account": account_id},
        )
        or 0
    )


def restore(
    session: Session, *, account_id: UUID, archive_id: UUID, restored_by: str | None, note: str
) -> RowMapping | None:
    """End an entry, which stays as the trace; None where there is no standing one of that id."""
    return (
        session.execute(
            text(
                "UPDATE archive SET restored_at = now(), restored_by = CAST(:by AS uuid), restore_note = :note"
                " WHERE id = :id AND account_id = :account AND restored_at IS NULL RETURNING *"
            ),
            {"id": archive_id, "account": account_id, "by": restored_by, "note": note},
        )
        .mappings()
        .one_or_none()
    )


def of_addresses(session: Session, *, account_id: UUID, addresses: Sequence[str]) -> list[RowMapping]:
    """Every entry of these addresses, ended ones too."""
    return list(
        session.execute(
            text("SELECT * FROM archive WHERE account_id = :account AND address = ANY(:addresses) ORDER BY id"),
            {"account": account_id, "addresses": list(addresses)},
        ).mappings()
    )


def delete(session: Session, *, account_id: UUID, addresses: Sequence[str]) -> None:
    session.execute(
        text("DELETE FROM archive WHERE account_id = :account AND address = ANY(:addresses)"),
        {"account": account_id, "addresses": list(addresses)},
    )
