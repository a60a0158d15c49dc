"""Fields for what people write: texts, and lines that may become headers."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.schema import plain_text

# What becomes a header must not be able to become two.
one_line = validate.Regexp(
    r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*\Z",
    error="Not a valid text: it must be one line without control characters.",
)
NAME_MAX = 200


def line(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    """One line of text."""
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), plain_text, one_line], **rules)


def text(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    """A text of any number of lines."""
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), plain_text], **rules)
