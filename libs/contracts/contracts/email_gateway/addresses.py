"""Domains and hosts as requests write them."""

from __future__ import annotations

from marshmallow import validate

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
