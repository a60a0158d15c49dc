"""What a report of WhatsApp's says of a message, and how long a person may be written to."""

from __future__ import annotations

from datetime import timedelta

from channel.providers.reported import Reported
from contracts.vocabulary import MessageState

# For how long a message without a template may go to a person who has written.
# https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages#customer-service-windows
WINDOW = timedelta(hours=24)

# What is read has arrived.
_STATES = {
    "sent": MessageState.SUBMITTED,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "played": MessageState.DELIVERED,
    "failed": MessageState.UNDELIVERED,
}


def reported(word: str, at: float, code: str | None = None) -> Reported | None:
    """One report, by WhatsApp's word for it; None: of a word that says nothing of the message's way."""
    state = _STATES.get(word)
    if state is None:
        return None
    return Reported(state, at, code if word == "failed" else None, at if word in ("read", "played") else None)
