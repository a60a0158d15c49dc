"""Files that a campaign's messages carry: given to the channel beside the prepared content."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns import exceptions
from campaigns.models import HostedFile
from campaigns.store import files as store
from campaigns.store.objects import Objects
from campaigns.usecases.files import octets_of
from campaigns.usecases.ports import Ask
from chassis.database import Database
from contracts.campaigns.drafts import options_problems
from contracts.vocabulary import Channel

MOST_OCTETS = 5 * 1024 * 1024  # of all files of a mail
DEADLINE = 30.0

Attach = Callable[[str], str]
"""From the hash of a prepared content to that of the content with the campaign's files."""


@dataclass(frozen=True)
class Attachments:
    """The files of accounts, to be attached."""

    database: Database
    objects: Objects

    def of(self, ask: Ask, account_id: UUID, options: Mapping[str, Any]) -> Attach:
        """Reads the files once for all of a campaign's contents.

        :raises Invalid: one is not there, or they are too large together. :raises Unavailable: the storage is away.
        """
        file_ids = [UUID(str(file_id)) for file_id in options.get("attachments") or ()]
        if not file_ids:
            return lambda content_hash: content_hash
        with self.database.transaction() as session:
            found = store.get_many(session, account_id=account_id, file_ids=file_ids)
            rows = _each(file_ids, found)
        files = [
            {"filename": row.name, "content": b64encode(b"".join(octets_of(self.objects, row.id, row.pieces))).decode()}
            for row in rows
        ]

        def attach(content_hash: str) -> str:
            asked = {"content_hash": content_hash, "attachments": files}
            answer = ask("email_gateway.attach_files", asked, deadline=DEADLINE)
            return str(answer["content_hash"])

        return attach


def _each(file_ids: Sequence[UUID], found: Mapping[UUID, HostedFile]) -> list[HostedFile]:
    """:raises Invalid: see `Attachments.of`."""
    if missing := [place for place, file_id in enumerate(file_ids) if file_id not in found]:
        raise exceptions.no_such_attachments(missing)
    rows = [found[file_id] for file_id in dict.fromkeys(file_ids)]
    if sum(row.size for row in rows) > MOST_OCTETS:
        raise exceptions.attachments_too_large(MOST_OCTETS)
    return rows


def ensure_on_channel(channel: Channel, options: Mapping[str, Any]) -> None:
    """:raises Invalid: the channel's messages carry no files."""
    if "attachments" in options_problems(channel, options):
        raise exceptions.no_attachments_on_channel()
