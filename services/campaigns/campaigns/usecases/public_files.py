"""Files as strangers read them, by the token of their link."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

from campaigns import exceptions
from campaigns.models import HostedFile
from campaigns.store import files as store
from campaigns.store.objects import StorageAway
from campaigns.usecases.ports import FileTools
from campaigns.usecases.uploads import piece_key
from campaigns.usecases.views import Answer
from chassis import suspensions
from chassis.database import Database, Session
from contracts.rpc import Actor


def open_public_file(session: Session, *, actor: Actor, now: datetime, token: str, is_counted: bool) -> Answer:
    """What an answer's head says; a download is counted where the file may be read.

    :raises NotFound: no file has this token.
    """
    row = _found(session, token)
    state = _state(session, row, now)
    if is_counted and state == "ready":
        store.count_download(session, row.id)
    return {
        "file_id": row.id,
        "account_id": row.account_id,
        "state": state,
        "filename": row.name,
        "media_type": row.media_type,
        "size": row.size,
        "etag": row.digest,
        "expires_at": row.expires_at,
    }


def read_public_file(
    database: Database, *, actor: Actor, now: datetime, tools: FileTools, token: str, seq: int, is_counted: bool
) -> Answer:
    """One piece in base64; null after the last. A download is counted once its piece is there.

    :raises NotFound: nobody may read it.
    """
    with database.transaction() as session:
        row = _found(session, token)
        if _state(session, row, now) != "ready":
            raise exceptions.no_such_file()
        about = {"filename": row.name, "media_type": row.media_type, "size": row.size}
        file_id = row.id
    try:
        piece = tools.objects.get(piece_key(file_id, seq))
    except StorageAway:
        raise exceptions.storage_away() from None
    if is_counted and piece is not None:
        with database.transaction() as session:
            store.count_download(session, file_id)
    return {**about, "chunk": None if piece is None else b64encode(piece).decode()}


def _found(session: Session, token: str) -> HostedFile:
    row = store.by_token(session, token)
    if row is None:
        raise exceptions.no_such_file()
    return row


def _state(session: Session, row: HostedFile, now: datetime) -> str:
    if suspensions.is_suspended(session, row.account_id):
        return "suspended"
    return "ended" if row.expires_at is not None and row.expires_at <= now else "ready"
