"""Numbers as carriers and accounts write them: with `+`, `00` or neither."""

from __future__ import annotations

import re
from functools import lru_cache

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def bare(number: str) -> str:
    """As the indexes on numbers have it."""
    return number.lower().removeprefix("+") if number.startswith("+") else number.lower().removeprefix("00")


@lru_cache(maxsize=1024)  # each message of a campaign asks
def number_of(sender: str) -> str | None:
    """The bare number of a sender that can be answered; None of a name."""
    digits = bare(sender)
    return digits if digits.isascii() and digits.isdigit() else None


def phone_of(source: str) -> str | None:
    """E.164 of a phone; None where it is none, such as a short code or a name."""
    phone = "+" + bare(source)
    return phone if _PHONE.fullmatch(phone) else None
