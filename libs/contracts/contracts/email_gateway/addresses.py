"""E-mail addresses, domains and hosts as requests write them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

MAX_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3

# Letters are those of ASCII and every character beyond it: negated ranges are read alike by Python and ECMA 262.
_LETTER, _ALPHANUMERIC, _INNER = r"[^\x00-@\[-`{-\x7f]", r"[^\x00-/:-@\[-`{-\x7f]", r"[^\x00-,./:-@\[-`{-\x7f]"
DOMAIN = [
    validate.Length(min=4, max=253),
    validate.Regexp(
        rf"(?:{_ALPHANUMERIC}(?:{_INNER}{{0,61}}{_ALPHANUMERIC})?\.)+{_LETTER}{_INNER}{{0,61}}{_ALPHANUMERIC}\Z",
        error="Not a valid domain name.",
    ),
]
HOST = validate.Regexp(r"[A-Za-z0-9.:\[\]_-]{1,253}\Z", error="Not a valid host name or address.")


def address(**options: Any) -> fields.Email:
    """The field of an e-mail address."""
    return fields.Email(validate=validate.Length(max=MAX_ADDRESS), **options)
