"""What Viber tells at a hook, once it is read."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from channel.providers.reported import Reported


@dataclass(frozen=True, slots=True)
class StatusTold:
    """Of a message that Viber knows by `token` alone."""

    sender_id: UUID
    token: UUID
    reported: Reported


@dataclass(frozen=True, slots=True)
class SubscriptionTold:
    """A person has come or gone.

    :ivar invitation: what the link that they came by carries, signed; None: they came by no invitation.
    :ivar is_subscribed: None: a conversation was opened by who has not written yet: nobody may be written to by that.
    """

    sender_id: UUID
    viber_id: str
    invitation: str | None
    is_subscribed: bool | None
    at: float


@dataclass(frozen=True, slots=True)
class AnswerTold:
    """A message from a person, who is subscribed by it.

    :ivar answers: the message of ours that it answers. :ivar is_tap: at one of its buttons.
    """

    sender_id: UUID
    token: UUID
    viber_id: str
    kind: str
    text: str | None
    payload: str | None
    answers: UUID | None
    is_tap: bool
    at: float


Arrived = StatusTold | SubscriptionTold | AnswerTold
