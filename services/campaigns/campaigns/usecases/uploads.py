"""Uploads: a file that comes a piece at a time, and is nobody's link until `files.create_file`."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timedelta
from uuid import UUID

from campaigns import exceptions
from campaigns.store import files as store
from campaigns.store.objects import StorageAway
from campaigns.usecases.ports import FileTools, ensure_may
from campaigns.usecases.views import Answer
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts import file_kinds
from contracts.campaigns.files import CHUNK_BYTES, FILENAME_MAX, MOST_OCTETS
from contracts.errors import Conflict, Invalid
from contracts.rpc import Actor
from contracts.vocabulary import Channel

MOST_OF_ACCOUNT = 1024**3
# So long an upload may take, as the gateway has it: one that is older has broken off.
UPLOAD_TAKES = timedelta(minutes=30)


def begin_upload(session: Session, *, actor: Actor, now: datetime, filename: str, size: int | None) -> Answer:
    """:raises Invalid: its name says that it is a program. :raises TooLarge: `size` says so already.
    :raises Conflict: the account has no room."""
    ensure_may(actor, Channel.EMAIL, "write")
    account_id = account_of(actor)
    if size is not None and size > MOST_OCTETS:
        raise exceptions.file_too_large(MOST_OCTETS)
    if file_kinds.is_program(filename, b""):
        raise exceptions.file_is_program()
    ensure_room(session, account_id, now)
    upload_id = new_id()
    store.add(session, id=upload_id, account_id=account_id, name=cleaned(filename), created_at=now)
    return {"upload_id": upload_id}


def append_upload(
    database: Database, *, actor: Actor, now: datetime, tools: FileTools, upload_id: UUID, seq: int, chunk: str
) -> None:
    """Add piece `seq`: the same again is the same, a gap is refused."""
    account_id = account_of(actor)
    try:
        octets = b64decode(chunk, validate=True)
    except ValueError:
        raise Invalid.of_field("chunk", "field.invalid", "Not base64.") from None
    with database.transaction() as session:
        row = store.get_upload(session, account_id=account_id, upload_id=upload_id)
        if row.token is not None or seq < row.pieces:
            return
        if seq > row.pieces or row.size != seq * CHUNK_BYTES:  # all but the last are full
            raise Conflict("upload.gap", "A piece is missing.", {"expected": row.pieces})
        is_too_large = len(octets) > CHUNK_BYTES or row.size + len(octets) > MOST_OCTETS
    if is_too_large:
        drop_upload(database, account_id, upload_id)
        raise exceptions.file_too_large(MOST_OCTETS)
    try:
        tools.objects.put(piece_key(upload_id, seq), octets)
    except StorageAway:
        raise exceptions.storage_away() from None
    with database.transaction() as session:
        store.appended(session, file_id=upload_id, seq=seq, octets=len(octets))


def drop_upload(database: Database, account_id: UUID, upload_id: UUID) -> None:
    """Nothing becomes of it; unless a file has been made of it meanwhile."""
    with database.transaction() as session:
        row = store.get_upload(session, account_id=account_id, upload_id=upload_id, is_locked=True)
        if row.token is None:
            store.remove(session, row)


def piece_key(file_id: UUID, seq: int) -> str:
    return f"{file_id}/{seq}"


def cleaned(filename: str) -> str:
    """The name without what no header or list should hold."""
    plain = "".join(character for character in filename if character.isprintable()).strip()
    return plain[-FILENAME_MAX:] or "file"


def ensure_room(session: Session, account_id: UUID, now: datetime) -> None:
    """:raises Conflict: the account's files have all that they may."""
    held = store.octets_of(session, account_id=account_id, begun_after=now - UPLOAD_TAKES)
    if held > MOST_OF_ACCOUNT - MOST_OCTETS:
        raise exceptions.files_full(MOST_OF_ACCOUNT)
