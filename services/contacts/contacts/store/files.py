"""Files in the database, in chunks: uploads from the gateway, downloads to it. No shared disk, no file in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

CHUNK_BYTES = 256 * 1024
CHUNKS_AT_ONCE = 4

Transaction = Callable[[], AbstractContextManager[Session]]


def add(session: Session, *, file_id: UUID, account_id: UUID, filename: str, media_type: str, days: int = 30) -> None:
    """A new file without content, which goes after `days`."""
    session.execute(
        text(
            "INSERT INTO files (id, account_id, filename, media_type, expires_at)"
            " VALUES (:id, :account, :filename, :type, now() + make_interval(days => :days)) ON CONFLICT DO NOTHING"
        ),
        {"id": file_id, "account": account_id, "filename": filename, "type": media_type, "days": days},
    )


def keep(session: Session, *, file_id: UUID) -> None:
    """An upload that is to be imported stays until it is."""
    session.execute(text("UPDATE files SET expires_at = now() + interval '30 days' WHERE id = :id"), {"id": file_id})


def find(session: Session, *, account_id: UUID, file_id: UUID, lock: bool = False) -> RowMapping | None:
    return (
        session.execute(
            text("SELECT * FROM files WHERE id = :id AND account_id = :account" + (" FOR UPDATE" if lock else "")),
            {"id": file_id, "account": account_id},
        )
        .mappings()
        .one_or_none()
    )


def append(session: Session, *, file_id: UUID, seq: int, body: bytes) -> None:
    session.execute(
        text("INSERT INTO file_chunks (file_id, seq, body) VALUES (:id, :seq, :body)"),
        {"id": file_id, "seq": seq, "body": body},
    )
    session.execute(
        text("UPDATE files SET chunks = :seq + 1, size = size + :size WHERE id = :id"),
        {"id": file_id, "seq": seq, "size": len(body)},
    )


def chunk(session: Session, *, file_id: UUID, seq: int) -> bytes | None:
    body = session.scalar(
        text("SELECT body FROM file_chunks WHERE file_id = :id AND seq = :seq"), {"id": file_id, "seq": seq}
    )
    return None if body is None else bytes(body)


def chunks(transaction: Transaction, file_id: UUID) -> Iterator[bytes]:
    """The file's bytes, a megabyte held at a time, each read in a transaction of its own."""
    seq = 0
    while True:
        with transaction() as session:
            bodies = session.scalars(
                text("SELECT body FROM file_chunks WHERE file_id = :id AND seq >= :seq ORDER BY seq LIMIT :limit"),
                {"id": file_id, "seq": seq, "limit": CHUNKS_AT_ONCE},
            ).all()
        if not bodies:
            return
        seq += len(bodies)
        yield from map(bytes, bodies)


def empty(session: Session, *, file_id: UUID) -> None:
    """Take a file's content out, for another in its place."""
    session.execute(text("UPDATE files SET size = 0, chunks = 0 WHERE id = :id"), {"id": file_id})
    session.execute(text("DELETE FROM file_chunks WHERE file_id = :id"), {"id": file_id})


def delete(session: Session, *, file_id: UUID) -> None:
    session.execute(text("DELETE FROM files WHERE id = :id"), {"id": file_id})


def delete_expired(session: Session) -> None:
    session.execute(text("DELETE FROM files WHERE expires_at < now()"))
