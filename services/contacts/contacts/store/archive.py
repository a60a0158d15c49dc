"""Addresses that get no more campaigns, per channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed, columns
from contacts.domain.stop_sources import STOP_SOURCES
from contacts.store.audiences import ADDRESS
from contacts.store.rule_sql import Filter

# What a START restores, a STOP of its channel alone has archived: whoever archives the address besides has it theirs.
_ADD = text(
    """
    INSERT INTO archive (id, account_id, channel, address, contact_id, reason, note, source, campaign_id,
                         archived_by)
    SELECT DISTINCT ON (e.address) e.id, :account, :channel, e.address, coalesce(e.contact_id, c.id), e.reason, e.note,
           :source, CAST(:campaign AS uuid), CAST(:by AS uuid)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:addresses AS text[]), CAST(:contacts AS uuid[]),
                CAST(:reasons AS text[]), CAST(:notes AS text[]))
        WITH ORDINALITY e (id, address, contact_id, reason, note, place)
    LEFT JOIN contacts c ON c.account_id = :account
        AND CASE :channel WHEN 'email' THEN c.email WHEN 'push' THEN c.push WHEN 'viber' THEN c.viber
            ELSE c.phone END = e.address
    ORDER BY e.address, e.place
    ON CONFLICT (account_id, channel, address) WHERE restored_at IS NULL DO UPDATE
    SET reason = excluded.reason, note = excluded.note, source = excluded.source, campaign_id = excluded.campaign_id,
        archived_by = excluded.archived_by, contact_id = coalesce(archive.contact_id, excluded.contact_id)
    WHERE archive.reason = 'stop' AND archive.source = ANY(:stop_sources)
        AND (excluded.reason, excluded.source) <> (archive.reason, archive.source)
    RETURNING *
    """
)
_FITS = """
    account_id = :account AND (restored_at IS NOT NULL) = :restored
    AND (CAST(:channel AS text) IS NULL OR channel = :channel)
    AND (CAST(:address AS text) IS NULL OR address = :address)
    AND (CAST(:part AS text) IS NULL OR strpos(address, :part) > 0)
    AND (CAST(:reason AS text) IS NULL OR reason = :reason)
    AND (CAST(:campaign AS uuid) IS NULL OR campaign_id = :campaign)
    AND (CAST(:since AS timestamptz) IS NULL OR created_at >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR created_at <= :until)
"""
_PAGE = (
    "SELECT * FROM archive WHERE " + _FITS + " AND (CAST(:after AS uuid) IS NULL OR id {before} :after)"
    " ORDER BY id {order} LIMIT :limit"
)
_OLDEST_FIRST = text(_PAGE.format(before=">", order=""))
_NEWEST_FIRST = text(_PAGE.format(before="<", order="DESC"))
_COUNT = text(f"SELECT count(*) FROM (SELECT 1 FROM archive WHERE {_FITS} LIMIT :most) fitting")


_OF_CONTACTS = text(
    """
    SELECT c.id, a.channel, a.reason, a.created_at AS since
    FROM unnest(CAST(:ids AS uuid[]), CAST(:channels AS text[]), CAST(:addresses AS text[]))
        AS c (id, channel, address)
    JOIN archive a ON a.account_id = :account AND a.restored_at IS NULL
        AND a.channel = c.channel AND a.address = c.address
    ORDER BY c.id, a.channel
    """
)


def holds_contact(reason: str = "") -> str:
    """SQL over `c`: one of its addresses is in the archive. :param reason: for what alone: a bound parameter's name."""
    why = f" AND a.reason = CAST(:{reason} AS text)" if reason else ""
    held = (
        f"coalesce(c.{column} IN (SELECT a.address FROM archive a WHERE a.account_id = :account"
        f" AND a.channel = '{channel}' AND a.restored_at IS NULL{why}), false)"
        for channel, column in ADDRESS.items()
    )
    return f"({' OR '.join(held)})"


def of_contacts(
    session: Session, *, account_id: UUID, contacts: Sequence[Mapping[Any, Any]]
) -> dict[UUID, list[dict[str, Any]]]:
    """What of the contacts' addresses is in the archive: `channel`, `reason` and `since`, by contact."""
    held = [(row["id"], str(channel), row[column]) for row in contacts for channel, column in ADDRESS.items()]
    ids, channels, addresses = columns(held, 3)
    given = {"account": account_id, "ids": ids, "channels": channels, "addresses": addresses}
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in session.execute(_OF_CONTACTS, given):
        found.setdefault(row.id, []).append({"channel": row.channel, "reason": row.reason, "since": row.since})
    return found


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
    """Archive addresses; returns the new rows. An entry that stands stays as it is, but for one of a STOP.

    :param entries: `{id, address, contact_id, reason, note}` each.
    """
    rows = [(one["id"], one["address"], one.get("contact_id"), one["reason"], one.get("note", "")) for one in entries]
    ids, addresses, contacts, reasons, notes = columns(rows, 5)
    put = session.execute(
        _ADD,
        {
            "account": account_id,
            "channel": channel,
            "source": source,
            "stop_sources": list(STOP_SOURCES),
            "campaign": campaign_id,
            "by": archived_by,
            "ids": ids,
            "addresses": addresses,
            "contacts": contacts,
            "reasons": reasons,
            "notes": notes,
        },
    ).mappings()
    given = set(ids)
    return [row for row in put if row["id"] in given]


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


@dataclass(frozen=True)
class Wanted:
    """Entries that fit all that is given; `since` and `until` bound when an address was archived, both included."""

    restored: bool = False
    channel: str | None = None
    address: str | None = None
    part: str | None = None
    reason: str | None = None
    campaign: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def page(
    session: Session, *, account_id: UUID, wanted: Wanted, after: UUID | None, limit: int, newest_first: bool = False
) -> list[RowMapping]:
    """A page by id, which is by time."""
    parameters = {**asdict(wanted), "account": account_id, "after": after, "limit": limit}
    return list(session.execute(_NEWEST_FIRST if newest_first else _OLDEST_FIRST, parameters).mappings())


def count_fitting(session: Session, *, account_id: UUID, wanted: Wanted, most: int) -> int:
    """How many there are, counted to `most`."""
    return int(session.scalar(_COUNT, {**asdict(wanted), "account": account_id, "most": most}) or 0)


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


def restorable(*, reason: str, channel: str | None, campaign_id: str | None) -> Filter:
    """Standing entries `c` of the archive, but for those whose person has said no besides, or may have: of entries of
    older releases it is not known."""
    return Filter(
        "c.restored_at IS NULL AND c.said_at IS NULL AND c.keeps_refusals AND c.reason = :reason"
        " AND (CAST(:channel AS text) IS NULL OR c.channel = :channel)"
        " AND (CAST(:campaign AS uuid) IS NULL OR c.campaign_id = CAST(:campaign AS uuid))",
        {"reason": reason, "channel": channel, "campaign": campaign_id},
    )


def count_restorable(session: Session, *, account_id: UUID, **by: Any) -> int:
    entries = restorable(**by)
    query = text(f"SELECT count(*) FROM archive c WHERE c.account_id = :account AND {entries.sql}")
    return int(session.scalar(query, {**entries.parameters, "account": account_id}) or 0)


def restore_many(
    session: Session, *, account_id: UUID, archive_ids: Sequence[UUID], restored_by: str | None, note: str
) -> int:
    """End these entries where they stand, and their person has not said no by now; returns how many."""
    return changed(
        session,
        "UPDATE archive SET restored_at = now(), restored_by = CAST(:by AS uuid), restore_note = :note"
        " WHERE id = ANY(:ids) AND account_id = :account AND restored_at IS NULL AND said_at IS NULL"
        " AND keeps_refusals",
        account=account_id, ids=list(archive_ids), by=restored_by, note=note,
    )  # fmt: skip


def note_refusals(
    session: Session, *, account_id: UUID, channel: str, said: Sequence[tuple[str, datetime | None]]
) -> None:
    """Keep when their people last said no with the standing entries of the addresses, whatever these are there for.

    :param said: address and when of each, None: now.
    """
    if said:
        addresses, moments = columns(said, 2)
        session.execute(
            text(
                "UPDATE archive a SET said_at = greatest(a.said_at, s.at) FROM ("
                "SELECT address, max(coalesce(at, now())) AS at FROM unnest(CAST(:addresses AS text[]),"
                " CAST(:moments AS timestamptz[]))"
                " AS s(address, at) GROUP BY address ORDER BY address) s"
                " WHERE a.account_id = :account AND a.channel = :channel AND a.address = s.address"
                " AND a.restored_at IS NULL"
            ),
            {"account": account_id, "channel": channel, "addresses": addresses, "moments": moments},
        )


def restore_stopped(
    session: Session, *, account_id: UUID, source: str, said: Sequence[tuple[str, str, datetime]]
) -> int:
    """End what `source` archived for a STOP before the person took it back; returns how many entries.

    :param said: channel, address and when of each.
    """
    channels, addresses, moments = columns(sorted(said), 3)
    return changed(
        session,
        "UPDATE archive a SET restored_at = now(), restore_note = 'START', withdrawn_at = s.at FROM ("
        "SELECT channel, address, max(at) AS at FROM unnest(CAST(:channels AS text[]), CAST(:addresses AS text[]),"
        " CAST(:moments AS timestamptz[])) AS u(channel, address, at) GROUP BY channel, address) s"
        " WHERE a.account_id = :account AND a.channel = s.channel AND a.address = s.address AND a.restored_at IS NULL"
        " AND a.reason = 'stop' AND a.source = :source AND coalesce(a.said_at, a.created_at) < s.at",
        account=account_id,
        source=source,
        channels=channels,
        addresses=addresses,
        moments=moments,
    )


def withdrawn(
    session: Session, *, account_id: UUID, channel: str, source: str, said: Sequence[tuple[str, datetime]]
) -> set[tuple[str, datetime]]:
    """Those STOPs that a later START has taken back already.

    :param said: address and when of each.
    """
    if not said:
        return set()
    addresses, moments = columns(said, 2)
    rows = session.execute(
        text(
            "SELECT s.address, s.at FROM unnest(CAST(:addresses AS text[]), CAST(:moments AS timestamptz[]))"
            " AS s(address, at) JOIN archive a ON a.account_id = :account AND a.channel = :channel"
            " AND a.address = s.address AND a.withdrawn_at > s.at AND a.source = :source"
        ),
        {"account": account_id, "channel": channel, "source": source, "addresses": addresses, "moments": moments},
    )
    return {(row.address, row.at) for row in rows}


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
