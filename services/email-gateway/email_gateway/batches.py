"""What is in hand: e-mails, and what is given to the composing processes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from channel.batches import Recipient
from channel.outlets import Chunk, Message
from contracts.vocabulary import ERASED_ADDRESS
from email_gateway.content.outgoing import Outgoing


@dataclass(frozen=True, slots=True)
class StoredContent:
    """`channel.batches.Content` of e-mail: the composing processes load the rest by the hash."""

    account_id: str
    sender: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one recipient cannot be sent the content."""

    code: str
    detail: str


ERASED = Refusal("address.erased", "the person was erased")
Made = Outgoing | Refusal
_shared = lru_cache(maxsize=1_000)(UUID)  # an id that many recipients have: reading one costs as much as all else here


class ToCompose(NamedTuple):
    """One recipient of a content, as a composing process gets it."""

    message_id: UUID
    account_id: UUID
    campaign_id: UUID | None
    contact_id: UUID | None
    address: str
    fields: dict[str, Any]
    content_hash: str
    name: str | None


class EmailMessage(Message):
    """One e-mail. `made` is what was composed, None until it is; `detail` what the server said, and `peer` which one.

    `is_of_mailbox`: that the mailbox takes nothing now.
    """

    __slots__ = ("detail", "is_of_mailbox", "made", "peer")

    def __init__(self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, attempts: int) -> None:
        super().__init__(chunk, recipient, message_id, existing, attempts)
        self.made: Made | None = None
        self.detail = self.peer = ""
        self.is_of_mailbox = False

    @property
    def refusals(self) -> int:
        """How often in a row its destination has refused it before MAIL. It stands with the recipient, which goes along
        into the schedule."""
        return int(self.recipient.get("refusals") or 0)

    @refusals.setter
    def refusals(self, times: int) -> None:
        if times != self.refusals:
            self.recipient["refusals"] = times

    @property
    def told_detail(self) -> str:
        """What the server said, unless the person was erased: it may name them."""
        return "" if self.recipient["address"] == ERASED_ADDRESS else self.detail[:200]


def to_compose(chunk: Chunk, recipient: Recipient, message_id: str) -> ToCompose:
    header = chunk.batch.header
    contact_id = recipient.get("contact_id")
    return ToCompose(
        message_id=UUID(message_id),
        account_id=_shared(header.account_id),
        campaign_id=_shared(header.campaign_id) if header.campaign_id else None,
        contact_id=UUID(contact_id) if contact_id else None,
        address=recipient["address"],
        fields=recipient.get("fields") or {},
        content_hash=header.content_hash,
        name=recipient.get("name"),
    )
