"""Field types and shapes that several of identity's schemas share."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.email_addresses import email_address
from contracts.schema import Reasoned, plain_text

# Patterns are also read as ECMA 262, in the OpenAPI description: `(?!\n)$` is the end of the text in both.
NAME_RULE = validate.Regexp(
    r"^[a-z0-9]{5,20}(?!\n)$", error="Not a valid name: 5 to 20 characters, lower-case letters and digits only."
)
TOTP_CODE = validate.Regexp(r"^[0-9]{6}(?!\n)$", error="Not a valid code: six digits.")
SHA256_HEX = validate.Regexp(r"^[0-9a-f]{64}(?!\n)$", error="Not a valid token.")
# Those of Europe and the dollar, all of which have a hundred minor units.
CURRENCY = validate.OneOf(("PLN", "EUR", "USD", "GBP", "CHF", "CZK", "DKK", "NOK", "SEK"))
FEATURES = ("sms", "email", "push", "whatsapp", "viber", "rcs")
LANGUAGES = ("pl", "en")
MOST_MONEY = 10**12
MOST_UNITS = 10**12


def password_field(*, required: bool = True, **rules: Any) -> fields.String:
    """A password; that it is long enough is the service's rule, so that a log-in with a short one is merely wrong."""
    return fields.String(
        required=required, validate=[validate.Length(min=1, max=256), plain_text], load_only=True, **rules
    )


def text_field(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    """Text of so many characters."""
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), plain_text], **rules)


def email_field(*, required: bool = True) -> fields.Email:
    """An e-mail address."""
    return email_address(required=required)


def count_field(least: int, most: int, **rules: Any) -> fields.Integer:
    """A whole number, written as one: neither `"5"` nor `5.0`."""
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **rules)


def units_field(**rules: Any) -> fields.Integer:
    """Units of a quota."""
    return fields.Integer(validate=validate.Range(min=0, max=MOST_UNITS), **rules)


class Reason(Reasoned):
    pass
