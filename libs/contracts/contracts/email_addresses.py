"""E-mail addresses that mail can be sent to: one rule for every request, and the same as that of imports."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from contracts.domains import ascii_domain
from contracts.schema import rule

MAX_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3
# Names that never stand in public DNS (RFC 6761, 6762, 7686, 9476); `example` is for documentation, and for tests.
NEVER_PUBLIC = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
_ensure_short = validate.Length(max=MAX_ADDRESS)
_DETAIL = "No mail can be sent to this domain."


def email_address(**options: Any) -> fields.Email:
    """The field of an e-mail address.

    What has the form of one but names a machine (`a@localhost`, `a@[127.0.0.1]`), or what DNS cannot hold, is refused
    as `email.no_mail_domain`. Lengths are those of the address as it is written to a server, its domain in A-labels.
    """
    return fields.Email(validate=[_ensure_short, _ensure_mail_domain], **options)


def one_spelling(address: str) -> str:
    """An address that is valid, as contacts are kept and erased by: lower case, domain in A-labels."""
    local, _, domain = address.strip().rpartition("@")
    try:
        domain = ascii_domain(domain)
    except UnicodeError:
        domain = domain.lower()
    return f"{local.lower()}@{domain}"


def is_mail_domain(domain: str) -> bool:
    """Whether a name may be one of public DNS: no longer than that takes, with two labels at least, the last of letters
    and none that is set aside.
    """
    try:
        labels = ascii_domain(domain).removesuffix(".").split(".")
    except UnicodeError:
        return False
    return len(labels) > 1 and not labels[-1].isdigit() and labels[-1] not in NEVER_PUBLIC


def _ensure_mail_domain(address: str) -> None:
    if not is_mail_domain(address.rpartition("@")[2].strip("[]")):
        raise ValidationError(rule("email.no_mail_domain", _DETAIL))
    _ensure_short(one_spelling(address))
