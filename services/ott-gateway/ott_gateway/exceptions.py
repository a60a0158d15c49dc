"""What can go wrong, in domain words; raised as the contracts' kinds so that it survives the wire."""

from __future__ import annotations

from contracts.errors import Conflict, Invalid, NotFound


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}.not_found", f"There is no such {noun.replace('_', ' ')}.")


def sender_unknown() -> Invalid:
    return Invalid.of_field(
        "from", "whatsapp_sender.unknown", "The account has no active WhatsApp number of this name."
    )


def sender_taken() -> Conflict:
    return Conflict("whatsapp_sender.taken", "The account has a WhatsApp number of this name, or asked for it.")


def name_protected(field: str) -> Invalid:
    return Invalid.of_field(field, "whatsapp_sender.protected", "This is the name of somebody who is protected.")


def number_taken() -> Conflict:
    return Conflict("whatsapp_sender.number_taken", "Another active WhatsApp number has this phone_number_id.")


def too_many_senders(most: int) -> Conflict:
    return Conflict("whatsapp_sender.too_many", f"An account has at most {most} WhatsApp numbers.")


def not_active() -> Conflict:
    return Conflict("whatsapp_sender.not_active", "The WhatsApp number is not active.")
