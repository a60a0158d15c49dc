"""What WhatsApp tells at a hook, once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from channel.providers.reported import Reported


@dataclass(frozen=True, slots=True)
class Told:
    """Where something was told: at the hook of a number, of that number or another one of the same app."""

    hook_id: UUID
    phone_number_id: str


@dataclass(frozen=True, slots=True)
class StatusTold:
    told: Told
    message_id: str
    address: str
    reported: Reported
    tries: int = 0


@dataclass(frozen=True, slots=True)
class AnswerTold:
    """A message from a person.

    :ivar answers: WhatsApp's id of the message that it answers.
    """

    told: Told
    wamid: str
    phone: str
    kind: str
    text: str | None
    payload: str | None
    answers: str | None
    at: float


@dataclass(frozen=True, slots=True)
class TemplateTold:
    """WhatsApp has decided something of a template: they are read anew."""

    hook_id: UUID


Arrived = StatusTold | AnswerTold | TemplateTold
