"""What is in hand: SMS contents, messages and their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from channel.batches import Recipient
from channel.outlets import Chunk, Message
from sms_gateway.content.submission import Envelope
from sms_gateway.content.template import Template


class Content:
    """A stored content, compiled; shared by all batches that name its hash."""

    def __init__(self, account_id: UUID, sender: str, content: Mapping[str, Any]) -> None:
        self.account_id = str(account_id)
        self.sender = sender
        self.content = content
        self.template = Template(content)
        self._envelopes: dict[Any, Envelope] = {}

    def envelope(self, long_form: Any) -> Envelope:
        found = self._envelopes.get(long_form)
        if found is None:
            found = self._envelopes[long_form] = Envelope(self.sender, self.content, long_form)
        return found


class KnownCarrier(NamedTuple):
    """The carrier of a dead instance's claim: all that is left of it."""

    id: UUID

    def __str__(self) -> str:
        return str(self.id)


class SmsMessage(Message):
    """One SMS: `parts` is what a person pays for; `travelling` how many submit_sm carry it (one, where a
    message_payload does). `bodies` are those submit_sm, until they are queued."""

    __slots__ = ("bodies", "carrier_ids", "parts", "parts_left", "travelling")

    def __init__(self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, attempts: int) -> None:
        super().__init__(chunk, recipient, message_id, existing, attempts)
        self.carrier_ids: list[str] | None = None
        self.parts = self.parts_left = self.travelling = 1
        self.bodies: list[bytes] = []

    @property
    def is_unsent(self) -> bool:
        """No part of it was handed over, as far as anybody knows."""
        return self.parts_left == self.travelling and self.state is None


class Part:
    """One submit_sm of a message. `number` counts from 1."""

    __slots__ = ("body", "message", "number", "tries")

    def __init__(self, body: bytes, message: SmsMessage, number: int) -> None:
        self.body = body
        self.message = message
        self.number = number
        self.tries = 0
