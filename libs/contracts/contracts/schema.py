"""The marshmallow base of every payload, and the one way to read and to write one.

Strict in what the public API takes, tolerant in what the wire brings: the gateway loads with unknown fields refused, a
service loads the same schema with unknown fields ignored, so that a newer gateway may talk to an older service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

import marshmallow
from marshmallow import EXCLUDE, RAISE, fields, validate

from contracts.errors import FieldError, Invalid


class Schema(marshmallow.Schema):
    """Base schema: field order kept, unknown fields refused unless the caller says otherwise.

    `also_named`: how refusals of services name what the client sends under another name, by the longest beginning that
    fits: `{"sender": "from", "content.from_email": "from.email"}`.
    """

    also_named: ClassVar[Mapping[str, str]] = {}

    class Meta:
        unknown = RAISE


class Empty(Schema):
    """No payload, or no answer."""


@dataclass(frozen=True)
class Shape:
    """A named JSON Schema, for what marshmallow cannot say; it may refer to itself by `#/components/schemas/NAME`.

    A field's `metadata={"any_of": (…)}` describes it by shapes, schema classes and plain JSON Schemas.
    """

    name: str
    schema: dict[str, Any]


class _Coded(str):
    """The message of a rule, with the rule's own slug and the facts in the message."""

    code: str
    parameters: dict[str, Any]


def rule(code: str, detail: str, **parameters: Any) -> str:
    """A message with a slug of its own, for rules that no description states: one between fields, say.

    `field.…` says that a request does not fit the description.
    """
    message = _Coded(detail)
    message.code, message.parameters = code, parameters
    return message


def broken_rule(code: str, detail: str, field: str = "_schema") -> marshmallow.ValidationError:
    """What a schema raises for such a rule."""
    return marshmallow.ValidationError(rule(code, detail), field)


def plain_text(written: str) -> None:
    """Refuse what PostgreSQL's text cannot hold: NUL, and half of a surrogate pair."""
    if "\x00" in written or any("\ud800" <= character <= "\udfff" for character in written):
        raise marshmallow.ValidationError("Not a valid text: it holds characters that are no text.")


# C0 and C1 controls, line and paragraph separators, and what turns the direction of writing (UAX 9): in a list, a mail
# or a header they break the line, or show another text than is there.
UNSEEN = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_UNSEEN_CHARACTERS = re.compile(f"[{UNSEEN}]")
one_line = validate.Regexp(
    rf"^[^{UNSEEN}]*\Z", error="Not a valid text: it must be one line without control characters."
)

# As E.164 has it.
PHONE = validate.Regexp(
    r"^\+[1-9][0-9]{6,14}\Z", error="Not a phone number with its country code, such as +48600100200."
)


def line_field(maximum: int, minimum: int = 0, **rules: Any) -> fields.String:
    """One line of text that people see: the name of a thing."""
    return fields.String(validate=[validate.Length(min=minimum, max=maximum), plain_text, one_line], **rules)


def code_meaning() -> fields.String:
    """Beside the `code` of a message's outcome. The gateway says it, in the language of the request."""
    return fields.String(
        allow_none=True,
        metadata={
            "description": "of `GET /v1/messages/{id}` alone: what `code` means, in words; null where nothing failed or"
            " only the carrier knows"
        },
    )


def visible(written: str) -> str:
    """What a person may be shown of a text that is kept as it came, a browser's name."""
    return _UNSEEN_CHARACTERS.sub("", written)


class Word(fields.Enum[Any]):
    """A `StrEnum` by its value; written from a member or from its text alike."""

    def __init__(self, enum: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(enum, by_value=True, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(None if value is None else self.enum(value), attr, obj, **kwargs)


class Reasoned(Schema):
    """What every change by an operator takes besides: why. The audit trail keeps it."""

    reason = fields.String(required=True, validate=[validate.Length(min=3, max=500), plain_text])


class PageQuery(Schema):
    """Query of every list: `limit` 1 to 1000, and the opaque cursor of the answer before."""

    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=1000))
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=500))


def page_of(item: type[marshmallow.Schema]) -> type[Schema]:
    """The schema of one page of `item`: `{"items": [...], "next_cursor": "…" | null}`."""
    return type(
        f"{item.__name__.removesuffix('Schema')}Page",
        (Schema,),
        {"items": fields.List(fields.Nested(item)), "next_cursor": fields.String(allow_none=True)},
    )


def load(schema: type[marshmallow.Schema], payload: Mapping[str, Any], *, strict: bool = False) -> dict[str, Any]:
    """Validate `payload`; a payload that does not fit raises `Invalid` naming every field.

    :param strict: refuse unknown fields (the public API); otherwise they are dropped (the wire).
    """
    try:
        loaded: dict[str, Any] = _instance(schema, RAISE if strict else EXCLUDE).load(payload)
    except marshmallow.ValidationError as error:
        raise Invalid("request.invalid", "Some fields are not valid.", None, field_errors(error.messages)) from None
    return loaded


def dump(schema: type[marshmallow.Schema], value: Any, *, many: bool = False) -> Any:
    """JSON-safe form of `value` (an object or a mapping) by `schema`."""
    return _instance(schema, RAISE).dump(value, many=many)


@cache
def _instance(schema: type[marshmallow.Schema], unknown: Any) -> marshmallow.Schema:
    """Making a schema copies all its fields and costs more than most loads; using it changes nothing in it."""
    return schema(unknown=unknown)


def field_errors(messages: Any) -> list[FieldError]:
    """Flatten marshmallow's nested messages into dotted field paths."""
    return list(_flatten(messages, ()))


def _flatten(messages: Any, path: tuple[str, ...]) -> Iterator[FieldError]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _flatten(below, path if key == "_schema" else (*path, str(key)))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        code, parameters = _reading(message)
        error: FieldError = {"field": ".".join(path), "code": code, "detail": str(message)}
        if parameters:
            error["parameters"] = parameters
        yield error


def _reading(message: Any) -> tuple[str, dict[str, Any]]:
    """The slug of a message, and the facts in it."""
    if isinstance(message, _Coded):
        return message.code, message.parameters
    for template, code in _TEMPLATES:
        if facts := template.fullmatch(str(message)):
            return code, {name: _fact(name, said) for name, said in facts.groupdict().items()}
    return "field.invalid", {}


def _fact(name: str, said: str) -> Any:
    if name == "choices":
        return said.split(", ")
    for number in (int, float):
        with suppress(ValueError):
            return number(said)
    return said


def _template(written: str) -> re.Pattern[str]:
    """One of marshmallow's messages, to be read back."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(written)))


_TEMPLATES = [
    (_template("Missing data for required field."), "field.missing"),
    (_template("Field may not be null."), "field.null"),
    (_template(validate.Length.message_min), "field.too_short"),
    (_template(validate.Length.message_max), "field.too_long"),
    (_template(validate.Length.message_all), "field.length_out_of_range"),
    (_template(validate.Length.message_equal), "field.wrong_length"),
    (_template("Must be greater than or equal to {min} and less than or equal to {max}."), "field.out_of_range"),
    (_template("Must be greater than or equal to {min}."), "field.too_small"),
    (_template("Must be less than or equal to {max}."), "field.too_large"),
    (_template(validate.OneOf.default_message), "field.not_one_of"),
    (_template("Unknown field."), "field.unknown"),
    (re.compile("Not a valid .*", re.DOTALL), "field.wrong_type"),
]
