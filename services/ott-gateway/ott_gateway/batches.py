"""What is in hand: contents as they are stored, compiled, and messages."""

from __future__ import annotations

from typing import Any

from channel.outlets import Chunk, Message
from channel.providers.outbound import TemplateContent
from ott_gateway.content.template import Template

StoredContent = TemplateContent[Template]


class WhatsappMessage(Message):
    """:ivar wamid: WhatsApp's own id of it.
    :ivar wait: seconds until it is tried again, where WhatsApp says so."""

    __slots__ = ("wait", "wamid")

    def __init__(self, chunk: Chunk, recipient: dict[str, Any], message_id: str, existing: bool, attempts: int) -> None:
        super().__init__(chunk, recipient, message_id, existing, attempts)
        self.wamid: str | None = None
        self.wait: float | None = None
