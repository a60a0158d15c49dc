"""How an address that a person types may stand in the log."""

from __future__ import annotations

import re

from contracts.domains import ascii_domain

COUNTRY = "+48"  # of a phone that is written without one
NATIONAL_DIGITS = 9
_BETWEEN_DIGITS = re.compile(r"[\s().\-/\u00a0]+")
_PHONE = re.compile(r"\+?[0-9]+\Z")


def spellings(typed: str) -> list[str]:
    """What to look for: phones as E.164, an e-mail with its domain in small letters, or all of it."""
    written = typed.strip()
    phone = _BETWEEN_DIGITS.sub("", written)
    if _PHONE.match(phone):
        return _phones(phone)
    local, at, domain = written.rpartition("@")
    if not at:
        return [written]
    found = [written, f"{local}@{domain.lower()}", written.lower()]
    try:
        found += [f"{name}@{ascii_domain(domain)}" for name in (local, local.lower())]
    except UnicodeError:
        pass
    return list(dict.fromkeys(found))


def _phones(digits: str) -> list[str]:
    if digits.startswith("+"):
        return [digits]
    if digits.startswith("00"):
        return [f"+{digits[2:]}"]
    national = digits.removeprefix("0")
    with_country = [f"{COUNTRY}{national}"] if len(national) == NATIONAL_DIGITS else []
    # A short number of a service stands in the log as it is.
    return [*with_country, f"+{digits}", digits]


def parts(typed: str) -> list[str]:
    """Spellings of a part of an address or a sender, in small letters: a phone's also as digits alone."""
    written = typed.strip().lower()
    digits = _BETWEEN_DIGITS.sub("", written)
    return [written, digits] if digits != written and _PHONE.match(digits) else [written]
