"""Files in mails: those that come with a request, and those of a campaign."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chassis.actors import account_of
from chassis.database import Database
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.content import files
from email_gateway.content.prepare import hash_of
from email_gateway.store import blobs as blob_store
from email_gateway.store import contents as content_store
from email_gateway.usecases import contents

# A campaign that is paused or throttled takes no longer, and whatever starts attaches its files anew.
KEPT_FOR_CAMPAIGN = timedelta(days=90)


def attach_files(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content_hash: str,
    attachments: Sequence[Mapping[str, Any]],
    may_attach: Callable[[], bool],
) -> dict[str, Any]:
    """A prepared content with files, under a hash of its own; the same again keeps them for longer.

    :raises NotFound: there is no such content. :raises Invalid: a file may not be sent, or they are too large.
    :raises PlanLimit: the plan has no attachments.
    """
    account_id = account_of(actor)
    read_files = read(attachments, may_attach)
    with database.transaction() as session:
        found = contents.get_document(session, account_id=account_id, content_hash=content_hash)
    document, blobs = with_files(found, read_files)
    with_files_hash = hash_of(document)
    until = now + KEPT_FOR_CAMPAIGN
    with database.transaction() as session:
        content_store.keep(session, content_hash=with_files_hash, account_id=account_id, document=document)
        blob_store.keep(session, [(account_id, digest, octets, until) for digest, octets in blobs.items()])
    return {"content_hash": with_files_hash}


def read(attachments: Sequence[Mapping[str, Any]], may_attach: Callable[[], bool]) -> list[files.File]:
    """:raises Invalid: one may not be sent, or they are too large. :raises PlanLimit: the plan has no attachments."""
    if not attachments:
        return []
    if not may_attach():
        raise exceptions.no_attachments()
    read = []
    for number, one in enumerate(attachments):
        try:
            read.append(files.read(one["filename"], one["content"], one["content_id"]))
        except files.Refused as refused:
            raise exceptions.content_problems(
                [{"field": f"attachments.{number}", "code": refused.code, "detail": refused.detail}]
            ) from None
    if sum(len(file.octets) for file in read) > files.MOST_OCTETS:
        detail = f"The files have more than {files.MOST_OCTETS} bytes together."
        raise exceptions.content_problems([{"field": "attachments", "code": "attachment.too_large", "detail": detail}])
    ids = [file.content_id for file in read if file.content_id]
    if len(ids) != len(set(ids)):
        detail = "Two files have the same content id."
        raise exceptions.content_problems([{"field": "attachments", "code": "attachment.twice", "detail": detail}])
    return read


def with_files(document: dict[str, Any], attached: Sequence[files.File]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The document with what it needs to lay the files out, and the octets that its messages end with, by digest."""
    if not attached:
        return document, {}
    has_html, has_text = bool(document["html"]), bool(document["text"])
    about = files.described(attached, has_html=has_html)
    octets = files.tail(attached, about, has_text=has_text, has_html=has_html)
    digest = hashlib.sha256(octets).hexdigest()
    return {**document, "files": {**about, "blob": digest, "size": len(octets)}}, {digest: octets}
