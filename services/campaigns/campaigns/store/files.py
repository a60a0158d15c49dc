"""Files of accounts: what is known of them. Their octets are in `objects`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaigns import exceptions
from campaigns.models import DroppedFile, HostedFile
from chassis.database import changed

DROPPED_AT_ONCE = 100


def lock(session: Session, *, account_id: UUID) -> None:
    """Whoever adds files to the account does so one after the other: together they have a limit."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:account AS text), 1718185069))"),  # "file"
        {"account": account_id},
    )


def add(session: Session, **columns: Any) -> None:
    session.execute(insert(HostedFile).values(**columns))


def get(session: Session, *, account_id: UUID, file_id: UUID, is_locked: bool = False) -> HostedFile:
    """:raises NotFound: not in this account, or an upload."""
    row = _find(session, account_id, file_id, is_locked=is_locked)
    if row is None or row.token is None:
        raise exceptions.no_such_file()
    return row


def get_upload(session: Session, *, account_id: UUID, upload_id: UUID, is_locked: bool = False) -> HostedFile:
    """An upload, or the file that was made of it. :raises NotFound: not in this account."""
    row = _find(session, account_id, upload_id, is_locked=is_locked)
    if row is None:
        raise exceptions.no_such_upload()
    return row


def _find(session: Session, account_id: UUID, file_id: UUID, *, is_locked: bool) -> HostedFile | None:
    query = select(HostedFile).where(HostedFile.id == file_id, HostedFile.account_id == account_id)
    return session.scalars(query.with_for_update() if is_locked else query).one_or_none()


def get_many(session: Session, *, account_id: UUID, file_ids: Sequence[UUID]) -> dict[UUID, HostedFile]:
    """Those of them that are there."""
    query = select(HostedFile).where(
        HostedFile.id.in_(file_ids), HostedFile.account_id == account_id, HostedFile.token.is_not(None)
    )
    return {row.id: row for row in session.scalars(query)}


def by_token(session: Session, token: str) -> HostedFile | None:
    return session.scalars(select(HostedFile).where(HostedFile.token == token)).one_or_none()


def appended(session: Session, *, file_id: UUID, seq: int, octets: int) -> None:
    """Piece `seq` is in storage; the same again changes nothing."""
    session.execute(
        update(HostedFile)
        .where(HostedFile.id == file_id, HostedFile.pieces == seq)
        .values(pieces=seq + 1, size=HostedFile.size + octets)
    )


def count_download(session: Session, file_id: UUID) -> None:
    session.execute(update(HostedFile).where(HostedFile.id == file_id).values(downloads=HostedFile.downloads + 1))


def fitting(*, account_id: UUID, words: Sequence[str]) -> Select[HostedFile]:
    """The account's files whose name holds every word, patterns of `chassis.words`."""
    query = select(HostedFile).where(HostedFile.account_id == account_id, HostedFile.token.is_not(None))
    return query.where(*(HostedFile.name.op("~")(word) for word in words))


def octets_of(session: Session, *, account_id: UUID, begun_after: datetime) -> int:
    """All that the account holds, with uploads that began after that moment."""
    query = select(func.coalesce(func.sum(HostedFile.size), 0)).where(
        HostedFile.account_id == account_id,
        HostedFile.token.is_not(None) | (HostedFile.created_at > begun_after),
    )
    return int(session.scalar(query) or 0)


def needing(session: Session, *, account_id: UUID, file_id: UUID, token: str, limit: int) -> list[str]:
    """Names of the account's campaigns that may still be sent, and attach the file or have its link."""
    rows = session.execute(
        text(
            "SELECT name FROM campaigns WHERE account_id = :account AND settled_at IS NULL"
            " AND state NOT IN ('cancelled', 'failed')"
            " AND (jsonb_exists(options->'attachments', :file)"
            " OR strpos(content::text, :link) > 0 OR strpos(variants::text, :link) > 0)"
            " ORDER BY created_at, id LIMIT :limit"
        ),
        {"account": account_id, "file": str(file_id), "link": f"/d/{token}", "limit": limit},
    )
    return list(rows.scalars())


def remove(session: Session, row: HostedFile) -> None:
    session.execute(insert(DroppedFile).values(file_id=row.id, pieces=row.pieces + 1))
    session.delete(row)


_DROP = (
    "WITH gone AS (DELETE FROM files WHERE {which} RETURNING id, pieces)"
    " INSERT INTO dropped_files (file_id, pieces) SELECT id, pieces + 1 FROM gone"
)


def drop_uploads(session: Session, before: datetime) -> int:
    """Forget uploads of which nothing became."""
    return changed(session, _DROP.format(which="token IS NULL AND created_at < :before"), before=before)


def drop_ended(session: Session, before: datetime) -> int:
    """Forget files that ended before."""
    return changed(session, _DROP.format(which="expires_at < :before"), before=before)


def erase_account(session: Session, account_id: UUID) -> None:
    changed(session, _DROP.format(which="account_id = :account"), account=account_id)


def dropped(session: Session) -> list[tuple[UUID, int]]:
    """Some whose objects are to be deleted: the file, and how many it may have."""
    query = select(DroppedFile.file_id, DroppedFile.pieces).limit(DROPPED_AT_ONCE)
    return [(row.file_id, row.pieces) for row in session.execute(query)]


def forget_dropped(session: Session, file_ids: Sequence[UUID]) -> None:
    session.execute(delete(DroppedFile).where(DroppedFile.file_id.in_(file_ids)))
