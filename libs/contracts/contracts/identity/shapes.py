"""Shapes that several of identity's schemas share."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.schema import Schema
from contracts.schema import plain_text as plain_text

# Patterns are also read as ECMA 262, in the OpenAPI description: `(?!\n)$` is the end of the text in both.
NAME_RULE = validate.Regexp(
    r"^[a-z0-9]{5,20}(?!\n)$", error="Not a valid name: 5 to 20 characters, lower-case letters and digits only."
)
TOTP_CODE = validate.Regexp(r"^[0-9]{6}(?!\n)$", error="Not a valid code: six digits.")
SHA256_HEX = validate.Regexp(r"^[0-9a-f]{64}(?!\n)$", error="Not a valid token.")
FEATURES = ("sms", "email")
LANGUAGES = ("pl", "en")


def password_field(**rules: Any) -> fields.String:
    # The least length is the service's rule, so that a log-in with a short password is merely a wrong one.
    return fields.String(required=True, validate=[validate.Length(min=1, max=256), plain_text], load_only=True, **rules)


def text_field(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), plain_text], **rules)


def email_field() -> fields.Email:
    return fields.Email(required=True, validate=validate.Length(max=254))


class Empty(Schema):
    """No payload, or no answer."""
