"""What is in hand: contents as they are stored, compiled, and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from channel.outlets import Chunk, Message
from channel.providers.outbound import TemplateContent
from viber_gateway.content.template import Template

StoredContent = TemplateContent[Template]


class Subscriber(NamedTuple):
    """Whom a message goes to: Viber's id of the contact at this bot, and since when it is known."""

    sender_id: UUID
    viber_id: str
    since: datetime


class ViberMessage(Message):
    """:ivar token: Viber's number of it, as a UUID, by which its reports find it.
    :ivar gone: the subscriber that Viber says is none (any more). :ivar wait: seconds until it is tried again, where
    Viber's answer says so."""

    __slots__ = ("gone", "token", "wait")

    def __init__(self, chunk: Chunk, recipient: dict[str, Any], message_id: str, existing: bool, attempts: int) -> None:
        super().__init__(chunk, recipient, message_id, existing, attempts)
        self.token: UUID | None = None
        self.gone: Subscriber | None = None
        self.wait: float | None = None
