"""Campaign parameters of web analytics, which a content may ask for."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from contracts.schema import Schema, line_field

_PARAMETER_MAX = 100


class Utm(Schema):
    """`utm_source` and so on, added to every link that is tracked and has none of that name."""

    source = line_field(_PARAMETER_MAX, 1, required=True)
    medium = line_field(_PARAMETER_MAX, 1, load_default=None, allow_none=True)
    campaign = line_field(_PARAMETER_MAX, 1, load_default=None, allow_none=True)
    term = line_field(_PARAMETER_MAX, 1, load_default=None, allow_none=True)
    content = line_field(_PARAMETER_MAX, 1, load_default=None, allow_none=True)


def utm_field(links: str) -> fields.Nested:
    """:param links: which links, for the description."""
    described: dict[str, Any] = {"description": f"Parameters that are added to {links}; those that a link has stay"}
    return fields.Nested(Utm, load_default=None, allow_none=True, metadata=described)
