"""Files that an account hosts: made of an upload, listed, changed, deleted; and what ends is let go of."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from campaigns import exceptions
from campaigns.models import HostedFile
from campaigns.store import files as store
from campaigns.store.objects import Objects, StorageAway
from campaigns.usecases import named_lists
from campaigns.usecases.expiry import ensure_to_come
from campaigns.usecases.ports import FileTools, ensure_may
from campaigns.usecases.uploads import UPLOAD_TAKES, drop_upload, ensure_room, piece_key
from campaigns.usecases.views import Answer
from chassis import acts, words
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts import file_kinds
from contracts.campaigns.files import File
from contracts.errors import Conflict, Invalid
from contracts.etags import ensure_current
from contracts.events import CAMPAIGNS_ACT
from contracts.lists import NEWEST
from contracts.rpc import Actor
from contracts.vocabulary import Channel

UPLOADS_KEPT = 2 * UPLOAD_TAKES
# The link of a file that has ended says so for as long.
ENDED_KEPT = timedelta(days=30)
NAMED_AT_MOST = 5

log = get_logger()


def create_file(
    database: Database, *, actor: Actor, now: datetime, tools: FileTools, upload_id: UUID, expires_at: datetime | None
) -> Answer:
    """Look through an upload and give it its public link; the same again is the same file.

    :raises Invalid: it is empty, a program, or a document with macros, or its end has passed. Nothing is left of it.
    :raises Conflict: the account has no room. Nothing is left of it.
    """
    account_id = _writer(actor)
    with database.transaction() as session:
        row = store.get_upload(session, account_id=account_id, upload_id=upload_id)
        name, pieces, is_made = row.name, row.pieces, row.token is not None
    try:
        ensure_to_come(expires_at, now)
        found = None if is_made else _looked_through(tools, name, octets_of(tools.objects, upload_id, pieces))
        return _made(database, actor, now, tools, upload_id, found, expires_at)
    except (Invalid, Conflict):
        drop_upload(database, account_id, upload_id)
        raise


def _made(
    database: Database,
    actor: Actor,
    now: datetime,
    tools: FileTools,
    upload_id: UUID,
    found: tuple[str, str] | None,
    expires_at: datetime | None,
) -> Answer:
    """The upload is a file.

    :param found: its media type and digest. :raises Conflict: the account has no room.
    """
    account_id = account_of(actor)
    with database.transaction() as session:
        store.lock(session, account_id=account_id)
        row = store.get_upload(session, account_id=account_id, upload_id=upload_id, is_locked=True)
        if row.token is None and found is not None:
            ensure_room(session, account_id, now)
            row.media_type, row.digest = found
            row.token, row.expires_at, row.created_at = secrets.token_urlsafe(16), expires_at, now
            session.flush()
            acts.record(
                session, CAMPAIGNS_ACT, actor, "file.created", target_id=row.id, filename=row.name, size=row.size
            )
        return _view(row, tools)


def octets_of(objects: Objects, file_id: UUID, pieces: int) -> Iterator[bytes]:
    """A file's pieces in order. :raises Unavailable: the storage is away, or has lost one."""
    for seq in range(pieces):
        try:
            piece = objects.get(piece_key(file_id, seq))
        except StorageAway:
            raise exceptions.storage_away() from None
        if piece is None:
            log.error("file_piece_lost", file_id=file_id, seq=seq)
            raise exceptions.storage_away()
        yield piece


def _looked_through(tools: FileTools, name: str, pieces: Iterator[bytes]) -> tuple[str, str]:
    """Its media type and digest. :raises Invalid: it is not hosted."""
    digest, start, end, has_macros = hashlib.sha256(), b"", b"", file_kinds.names_macros(name)
    for piece in pieces:
        digest.update(piece)
        start = start or piece
        if not has_macros and file_kinds.may_hold_macros(start):
            has_macros = file_kinds.holds_macros(end + piece)
            end = piece[-file_kinds.LONGEST_MARK :]
    if not start:
        raise exceptions.file_empty()
    if file_kinds.is_program(name, start):
        raise exceptions.file_is_program()
    if has_macros and not tools.macros_allowed:
        raise exceptions.file_has_macros()
    return file_kinds.media_type(name, start), digest.hexdigest()


def get_file(session: Session, *, actor: Actor, now: datetime, tools: FileTools, file_id: UUID) -> Answer:
    ensure_may(actor, Channel.EMAIL, "read")
    return _view(store.get(session, account_id=account_of(actor), file_id=file_id), tools)


def list_files(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: FileTools,
    limit: int,
    cursor: str | None,
    q: str | None = None,
    sort: str = NEWEST,
) -> Answer:
    ensure_may(actor, Channel.EMAIL, "read")
    fitting = store.fitting(account_id=account_of(actor), words=words.patterns(q))
    view = partial(_view, tools=tools)
    return named_lists.page(session, fitting, HostedFile, view, limit=limit, cursor=cursor, sort=sort)


def update_file(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: FileTools,
    file_id: UUID,
    if_match: list[str] | None = None,
    **changes: Any,
) -> Answer:
    """:raises Invalid: the name or the end is none that a file may have."""
    account_id = _writer(actor)
    row = store.get(session, account_id=account_id, file_id=file_id, is_locked=True)
    ensure_current(if_match, File, _view(row, tools))
    if "filename" in changes:
        if file_kinds.is_program(changes["filename"], b""):
            raise exceptions.file_is_program()
        row.name = changes["filename"]
    if "expires_at" in changes:
        ensure_to_come(changes["expires_at"], now)
        row.expires_at = changes["expires_at"]
    session.flush()
    acts.record(session, CAMPAIGNS_ACT, actor, "file.changed", target_id=file_id, fields=sorted(changes))
    return _view(row, tools)


def delete_file(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: FileTools,
    file_id: UUID,
    if_match: list[str] | None = None,
) -> None:
    """:raises Conflict: `file.in_use`, a campaign that may still be sent attaches it or has its link."""
    account_id = _writer(actor)
    row = store.get(session, account_id=account_id, file_id=file_id, is_locked=True)
    ensure_current(if_match, File, _view(row, tools))
    token = str(row.token)
    if names := store.needing(session, account_id=account_id, file_id=file_id, token=token, limit=NAMED_AT_MOST):
        raise exceptions.file_in_use(names)
    store.remove(session, row)
    acts.record(session, CAMPAIGNS_ACT, actor, "file.deleted", target_id=file_id, filename=row.name)


def let_go(database: Database, objects: Objects, now: datetime) -> int:
    """Forget uploads of which nothing became and files long ended, and delete the objects of what is gone; how many
    files that were. Several processes may do it at once."""
    with database.transaction() as session:
        store.drop_uploads(session, now - UPLOADS_KEPT)
        store.drop_ended(session, now - ENDED_KEPT)
        dropped = store.dropped(session)
    for file_id, pieces in dropped:
        for seq in range(pieces):
            objects.delete(piece_key(file_id, seq))
    with database.transaction() as session:
        store.forget_dropped(session, [file_id for file_id, _ in dropped])
    return len(dropped)


def _writer(actor: Actor) -> UUID:
    ensure_may(actor, Channel.EMAIL, "write")
    return account_of(actor)


def _view(row: HostedFile, tools: FileTools) -> Answer:
    names = ("id", "media_type", "size", "downloads", "expires_at", "created_at")
    url = f"{tools.public_url}/d/{row.token}"
    return {"filename": row.name, "url": url, **{name: getattr(row, name) for name in names}}
