"""What is in hand: contents as they are stored, compiled, and messages with their devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from channel.outlets import Chunk, Message
from channel.providers.outbound import TemplateContent
from push_gateway.content.template import Template

StoredContent = TemplateContent[Template]


@dataclass(frozen=True, slots=True)
class Target:
    """One device that a message goes to; of a topic there is no id, and `token` is its name."""

    device_id: UUID | None
    platform: str
    token: str
    keys: Mapping[str, str] | None = None
    language: str | None = None
    seen_at: datetime | None = None

    @property
    def is_topic(self) -> bool:
        return self.device_id is None


class PushMessage(Message):
    """:ivar dead: devices of it that their providers know no more.
    :ivar wait: seconds until it is tried again, where a provider says so."""

    __slots__ = ("dead", "wait")

    def __init__(self, chunk: Chunk, recipient: dict[str, Any], message_id: str, existing: bool, attempts: int) -> None:
        super().__init__(chunk, recipient, message_id, existing, attempts)
        self.dead: list[Target] = []
        self.wait: float | None = None
