"""E-mail addresses: valid or not, and one spelling of each.

The whole address is kept and compared in lower case. RFC 5321 lets a server tell `Jan` from `jan` in the local part;
none of size does, lists are full of both, and one person would be written to twice. The domain is in IDNA (ASCII) form.
"""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254

MAX_LOCAL = 64

_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@([a-z0-9.-]+)", re.ASCII).fullmatch


def normalise(raw: str) -> str | None:
    """The one spelling of `raw`, or None where it is no address. `email-validator` is the authority."""
    plain = _PLAIN(raw)
    if plain is None:
        if not raw.isascii():
            return by_authority(raw)
        raw = raw.strip().lower()
        plain = _PLAIN(raw)
    if plain is not None and plain.start(1) <= MAX_LOCAL + 1 and len(raw) <= MAX_LENGTH:
        domain = plain[1]
        ascii_domain = _domain(domain)
        if ascii_domain is None:
            return None
        if ascii_domain == domain:
            return raw
    return by_authority(raw)


def by_authority(raw: str) -> str | None:
    """The same answer from `email-validator` alone (16 µs an address where the cheap path takes 0.7)."""
    address = raw.strip()
    if len(address) > MAX_LENGTH:
        return None
    try:
        valid = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, allow_quoted_local=False, strict=True
        )
    except EmailNotValidError:
        return None
    return valid.ascii_email.lower() if valid.ascii_email else None


@lru_cache(maxsize=50_000)
def _domain(domain: str) -> str | None:
    address = by_authority(f"a@{domain}")
    return address.rpartition("@")[2] if address else None
