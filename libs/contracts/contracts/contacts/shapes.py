"""Shapes that several of the contacts schemas share."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from marshmallow import fields, validate

from contracts.schema import Schema, Shape, line_field

TEXT = validate.Length(max=1_000)
NOTE = validate.Length(max=2_000)
KEY = validate.Regexp(r"^[a-z][a-z0-9_]{0,49}\Z", error="Lower-case letters, digits and underscores, a letter first.")
MERGE_BY = validate.OneOf(["email", "phone", "external_id"])

_ONE_RULE = {"$ref": "#/components/schemas/Rule"}
_RULES = {"type": "array", "minItems": 1, "items": _ONE_RULE}


def name_field(**rules: Any) -> fields.String:
    """What a customer calls a thing."""
    return line_field(200, 1, **rules)


def _holder(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: schema}, "additionalProperties": False}


RULE = Shape(
    "Rule",
    {
        "description": "A condition on a field, or rules that all hold, of which any holds, or that does not hold.",
        "anyOf": [
            _holder("all", _RULES),
            _holder("any", _RULES),
            _holder("not", _ONE_RULE),
            {
                "type": "object",
                "required": ["field", "op"],
                "properties": {
                    "field": {"type": "string", "description": "A field of contacts, or `group`."},
                    "op": {
                        "type": "string",
                        "description": "As the field's type has them: `eq`, `ne`, `in`, `not_in`, `contains`, "
                        "`not_contains`, `starts_with`, `ends_with`, `lt`, `lte`, `gt`, `gte`, `between`, `before`, "
                        "`after`, `last_days`, `next_days`, `older_than_days`, `anniversary_in_days`, `is_empty`, "
                        "`is_not_empty`.",
                    },
                    "value": {"$ref": "#/components/schemas/Value"},
                    "accents": {
                        "type": "boolean",
                        "default": True,
                        "description": "Of a field of text: with false, `Łódź` is `lodz`. Case never counts.",
                    },
                },
                "additionalProperties": False,
            },
        ],
    },
)


def rules_field(**options: Any) -> fields.Dict:
    """Rules of a segment; contacts itself says what is wrong with them, and where."""
    return fields.Dict(metadata={"any_of": (RULE,)}, **options)


def word_of(words: type[StrEnum]) -> fields.String:
    """A word of a vocabulary, in an answer."""
    return fields.String(validate=validate.OneOf([word.value for word in words]))


class Count(Schema):
    count = fields.Integer()


class JobError(Schema):
    code = fields.String()
    detail = fields.String()
