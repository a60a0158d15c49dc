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


_CONDITION: dict[str, Any] = {
    "field": {"type": "string", "description": "A field of contacts, or `group`."},
    "op": {
        "type": "string",
        "description": "As the field's type has them: `eq`, `ne`, `in`, `not_in`, `contains`, `not_contains`, "
        "`starts_with`, `ends_with`, `lt`, `lte`, `gt`, `gte`, `between`, `before`, `after`, `last_days`, `next_days`, "
        "`older_than_days`, `anniversary_in_days`, `is_empty`, `is_not_empty`.",
    },
    "value": {"$ref": "#/components/schemas/Value"},
    # Without a default: a generated client would send it with rules that are no condition.
    "accents": {
        "type": "boolean",
        "description": "Of a field of text: with false, `Łódź` is `lodz`. True if left out. Case never counts.",
    },
}
# One object and no choice of four: code generators make a class of it, which holds itself.
RULE = Shape(
    "Rule",
    {
        "description": "A condition (`field`, `op`), or rules of which `all` hold, `any` holds, or one does `not`.",
        "type": "object",
        "properties": {"all": _RULES, "any": _RULES, "not": _ONE_RULE, **_CONDITION},
        "additionalProperties": False,
        "if": {"required": ["field"]},
        "then": {"required": ["op"], "properties": dict.fromkeys(("all", "any", "not"), False)},
        "else": {
            "minProperties": 1,
            "maxProperties": 1,
            "properties": dict.fromkeys(("op", "value", "accents"), False),
        },
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
