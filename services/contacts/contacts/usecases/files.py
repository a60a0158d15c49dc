"""Files that come and go through the gateway, a chunk at a time."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contacts.domain import files as rules
from contacts.exceptions import FileRefused
from contacts.store import files as store
from contacts.usecases import views
from contacts.usecases.views import View
from contracts.errors import Conflict, Invalid, TooLarge, Unsupported
from contracts.rpc import Actor

MAX_FILE_BYTES = 200 * 1024 * 1024


def begin(session: Session, *, actor: Actor, now: datetime, filename: str, size: int | None) -> View:
    """:raises Unsupported: the name's extension is none that is read (B3). :raises TooLarge: `size` says so already."""
    try:
        rules.extension(filename)
    except FileRefused as refused:
        raise Unsupported(refused.code, refused.detail, refused.extra) from None
    if size is not None and size > MAX_FILE_BYTES:
        raise _too_large()
    upload_id = new_id()
    store.add(
        session,
        file_id=upload_id,
        account_id=account_of(actor),
        filename=filename,
        media_type="application/octet-stream",
        days=1,
    )
    return {"upload_id": upload_id}


def append(session: Session, *, actor: Actor, now: datetime, upload_id: UUID, seq: int, chunk: str) -> None:
    """Add chunk number `seq`; the same again is the same, a gap is refused."""
    row = store.find(session, account_id=account_of(actor), file_id=upload_id, lock=True)
    if row is None:
        raise views.not_found("upload")
    try:
        body = b64decode(chunk, validate=True)
    except ValueError:
        raise Invalid.of_field("chunk", "field.invalid", "Not base64.") from None
    if len(body) > store.CHUNK_BYTES:
        raise TooLarge("upload.chunk_too_large", "A chunk is too large.", {"limit": store.CHUNK_BYTES})
    if seq < row["chunks"]:
        return
    if seq > row["chunks"]:
        raise Conflict("upload.gap", "A chunk is missing.", {"expected": row["chunks"]})
    if row["size"] + len(body) > MAX_FILE_BYTES:
        raise _too_large()
    store.append(session, file_id=upload_id, seq=seq, body=body)


def read(session: Session, *, actor: Actor, now: datetime, file_id: UUID, seq: int) -> View:
    """One chunk of a file, base64; null after the last."""
    row = store.find(session, account_id=account_of(actor), file_id=file_id)
    if row is None:
        raise views.not_found("file")
    body = store.chunk(session, file_id=file_id, seq=seq)
    return {
        "chunk": None if body is None else b64encode(body).decode(),
        "filename": row["filename"],
        "media_type": row["media_type"],
        "size": row["size"],
    }


def _too_large() -> TooLarge:
    return TooLarge("import.too_large", "The file is too large.", {"limit": MAX_FILE_BYTES})
