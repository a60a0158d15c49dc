"""What can go wrong, in domain words; raised as the contracts' kinds so that it survives the wire."""

from __future__ import annotations

from contracts.errors import Conflict, Invalid, NotFound


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}.not_found", f"There is no such {noun.replace('_', ' ')}.")


def sender_unknown() -> Invalid:
    return Invalid.of_field("from", "viber_bot.unknown", "The account has no active Viber bot of this name.")


def sender_taken() -> Conflict:
    return Conflict("viber_bot.taken", "The account has a Viber bot of this name, or asked for it.")


def name_protected(field: str) -> Invalid:
    return Invalid.of_field(field, "viber_bot.protected", "This is the name of somebody who is protected.")


def bot_taken() -> Conflict:
    return Conflict("viber_bot.bot_taken", "Another active Viber bot has this URI.")


def too_many_senders(most: int) -> Conflict:
    return Conflict("viber_bot.too_many", f"An account has at most {most} Viber bots.")


def not_active() -> Conflict:
    return Conflict("viber_bot.not_active", "The Viber bot is not active.")
