"""Whom a step reaches, and whether they may be written to on its channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns.usecases.ports import Ask
from contracts.channel import CHANNELS
from contracts.errors import NotFound
from contracts.vocabulary import Channel

GONE, NO_ADDRESS, ARCHIVED, WITHDRAWN, NO_CONSENT = (
    "contact.gone", "contact.no_address", "contact.archived", "contact.said_no", "contact.no_consent",
)  # fmt: skip


@dataclass(frozen=True)
class Reached:
    """:ivar code: why there is no address to be written to."""

    address: str | None
    code: str | None = None


def contact_of(ask: Ask, contact_id: UUID) -> Mapping[str, Any] | None:
    """The contact as it is now; None where there is none any more."""
    try:
        found: Mapping[str, Any] = ask("contacts.get_contact", {"contact_id": str(contact_id)}, deadline=5.0)
    except NotFound:
        return None
    return found


def reached_at(contact: Mapping[str, Any] | None, channel: Channel, named: str | None) -> Reached:
    """:param named: an address that was given beside the contact, and wins."""
    if contact is None:
        return Reached(None, GONE)
    if any(entry["channel"] == channel for entry in contact.get("archived") or ()):
        return Reached(None, ARCHIVED)
    consent = (contact.get("consents") or {}).get(channel)
    if consent is not None and not consent["granted"]:
        return Reached(None, WITHDRAWN)
    address = named or contact.get(CHANNELS[channel].address_field)
    if not address:
        return Reached(None, NO_ADDRESS)
    if consent is None and CHANNELS[channel].needs_opt_in:
        return Reached(None, NO_CONSENT)
    return Reached(address)
