"""Numbers as carriers and accounts write them: with `+`, `00` or neither."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
HOME = "PL"  # where neither number of an answer names its country


def bare(number: str) -> str:
    """As the indexes on numbers have it."""
    return number.lower().removeprefix("+") if number.startswith("+") else number.lower().removeprefix("00")


@lru_cache(maxsize=1024)  # each message of a campaign asks
def number_of(sender: str) -> str | None:
    """The bare number of a sender that can be answered; None of a name."""
    digits = bare(sender)
    return digits if digits.isascii() and digits.isdigit() else None


def in_full(number: str) -> str:
    """E.164 of a phone's number in international form."""
    return "+" + bare(number)


def phone_of(source: str) -> str | None:
    """E.164 of a phone; None where it is none, such as a short code or a name."""
    phone = in_full(source)
    return phone if _PHONE.fullmatch(phone) else None


def readings(source: str, destination: str) -> list[tuple[str | None, str]]:
    """What a phone and the number that it wrote to may be in full (`phone_of`, `bare`), the likelier first.

    Some carriers write national numbers: each has the other's country then.
    """
    phones = [*_completed(source, destination), phone_of(source)]
    numbers = [*(phone[1:] for phone in _completed(destination, source)), bare(destination)]
    return [(phone, number) for phone in phones for number in numbers]


def _completed(number: str, other: str) -> list[str]:
    if _country(number) is not None:
        return []
    try:
        parsed = phonenumbers.parse(number, _country(other) or HOME)
    except phonenumbers.NumberParseException:
        return []
    is_valid = phonenumbers.is_valid_number(parsed)
    return [phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)] if is_valid else []


def is_in_full(number: str) -> bool:
    """Whether it is some country's number, with that country's code before it."""
    return _country(number) is not None


def _country(number: str) -> str | None:
    """The region of a number that stands in full."""
    phone = phone_of(number)
    if phone is None:
        return None
    try:
        parsed = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:  # of no country at all
        return None
    return phonenumbers.region_code_for_number(parsed) if phonenumbers.is_valid_number(parsed) else None
