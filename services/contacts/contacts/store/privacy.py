"""What contacts keeps of a person beside the contact itself: former addresses, files, and the work about them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chassis.database import changed


def former_addresses(session: Session, *, account_id: UUID, contact_ids: Sequence[UUID]) -> list[RowMapping]:
    """Addresses that the contacts had once, but for those that somebody else has by now."""
    return list(
        session.execute(
            text(
                "SELECT f.address, f.left_at FROM former_addresses f WHERE f.account_id = :account"
                " AND f.contact_id = ANY(:ids) AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.account_id = :account"
                " AND (c.email = f.address OR c.phone = f.address) AND c.id <> ALL(:ids)) ORDER BY f.left_at"
            ),
            {"account": account_id, "ids": list(contact_ids)},
        ).mappings()
    )


def sources(session: Session, *, account_id: UUID, import_ids: Sequence[UUID]) -> list[RowMapping]:
    """The imports that brought the contacts, for as long as they are remembered (a year)."""
    return list(
        session.execute(
            text(
                "SELECT id AS import_id, request ->> 'filename' AS filename, created_at, created_by FROM jobs"
                " WHERE account_id = :account AND kind = 'import' AND id = ANY(:ids) ORDER BY id"
            ),
            {"account": account_id, "ids": list(import_ids)},
        ).mappings()
    )


def drop_exports(session: Session, *, account_id: UUID) -> int:
    """Delete every list that was exported: copies, of which nobody could say whom they hold, and made again at once.

    One that is being written fails at its next piece and starts again.
    """
    return changed(
        session,
        "DELETE FROM files f USING jobs j WHERE j.id = f.id AND j.kind = 'export' AND j.account_id = :account"
        " AND f.account_id = :account",
        account=account_id,
    )


def drop_person_exports(
    session: Session, *, account_id: UUID, keys: Sequence[str], marks: Sequence[bytes], but: UUID
) -> int:
    """Delete the files of exports of this person, and end those that are being made; returns how many files went."""
    bound = {
        "account": account_id,
        "keys": list(keys),
        "marks": [mark.hex() for mark in marks],
        "but": but,
    }
    session.execute(
        text(
            "UPDATE jobs SET request = '{}', cancel_requested = true WHERE account_id = :account AND id <> :but"
            " AND kind IN ('person_export', 'erasure') AND state IN ('waiting', 'running')"
            " AND (kind = 'person_export' OR request ->> 'dry_run' = 'true')"
            " AND (jsonb_exists_any(request -> 'addresses', CAST(:keys AS text[]))"
            " OR jsonb_exists_any(request -> 'contact_ids', CAST(:keys AS text[])))"
        ),
        bound,
    )
    return changed(
        session,
        "DELETE FROM files f USING jobs j WHERE j.id = f.id AND j.kind = 'person_export'"
        " AND j.account_id = :account AND f.account_id = :account"
        " AND jsonb_exists_any(j.checkpoint -> 'marks', CAST(:marks AS text[]))",
        **bound,
    )


def problem_files(session: Session, *, account_id: UUID) -> list[UUID]:
    """Files of ended imports' rejected rows and warnings, which hold rows as they came (see `jobs.imports`)."""
    return list(
        session.scalars(
            text(
                "SELECT f.id FROM files f WHERE f.account_id = :account AND f.id IN (SELECT CAST(file_id AS uuid)"
                " FROM jobs j CROSS JOIN LATERAL (VALUES (j.checkpoint ->> 'rejected_file_id'),"
                " (j.checkpoint ->> 'warnings_file_id')) v (file_id)"
                " WHERE j.account_id = :account AND j.kind = 'import' AND j.state NOT IN ('waiting', 'running')"
                " AND file_id IS NOT NULL) ORDER BY f.id"
            ),
            {"account": account_id},
        )
    )


def forget_cursors(session: Session, *, account_id: UUID) -> None:
    """An import's checkpoint holds an address, the last key that was merged; one that has ended does not need it."""
    session.execute(
        text(
            "UPDATE jobs SET checkpoint = checkpoint - 'after' WHERE account_id = :account AND kind = 'import'"
            " AND state NOT IN ('waiting', 'running') AND checkpoint ? 'after'"
        ),
        {"account": account_id},
    )
