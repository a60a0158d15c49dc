"""Fields for what people write: texts of any number of lines; `contracts.schema` has those of one."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from contracts.schema import plain_text

NAME_MAX = 200


def text(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    """A text of any number of lines."""
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), plain_text], **rules)
