"""What apispec does not say of a marshmallow schema, said in JSON Schema (draft 2020-12, as OpenAPI 3.1 takes it)."""

from __future__ import annotations

import re
from typing import Any

import marshmallow
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields, validate

from api_gateway.body import MAX_INTEGER
from contracts.schema import Shape

_ANY_VALUE = {"$ref": "#/components/schemas/Value"}
# What a body may hold where its schema leaves it open. It names no type, and says what it bounds in words that code
# generators pass over: those that see `additionalProperties` or a choice that holds itself make an object of it.
VALUE = Shape(
    "Value",
    {
        "description": "Any JSON value.",
        "if": {"type": ["number", "array", "object"]},
        "then": {
            "minimum": -MAX_INTEGER,
            "maximum": MAX_INTEGER,
            "items": _ANY_VALUE,
            "additionalProperties": _ANY_VALUE,
        },
    },
)
# ECMA 262 knows no \Z, and Python's $ also fits before a last line feed: this is the end of the text in both.
_END = r"(?!\n)$"


class Describer:
    """Completes what apispec's converter says of each field; `spec` gets the named shapes that are met."""

    def __init__(self, plugin: MarshmallowPlugin, spec: APISpec) -> None:
        assert plugin.converter is not None  # The plugin has one from the moment that a spec has the plugin.
        self._converter, self._spec = plugin.converter, spec
        for describe in (self._pattern, self._mapping, self._address, self._word, self._names, self._shape):
            # apispec binds what it is given to its converter, and asks for a function's name.
            self._converter.add_attribute_function(_unbound(describe))

    def _pattern(self, _field: fields.Field[Any], said: dict[str, Any]) -> dict[str, Any]:
        return {"pattern": ecma(said["pattern"])} if "pattern" in said else {}

    def _mapping(self, field: fields.Field[Any], said: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(field, fields.Mapping):
            return {}
        described: dict[str, Any] = {}
        for length, number in (("minLength", "minProperties"), ("maxLength", "maxProperties")):
            if length in said:
                described[number] = said.pop(length)
        if field.value_field is None:
            described["additionalProperties"] = self._option(VALUE)
        if names := _keys(field):
            described["propertyNames"] = names
        return described

    def _address(self, field: fields.Field[Any], said: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(field, fields.IP):
            return {}
        said.pop("format", None)  # apispec's "ip" is no format of JSON Schema.
        return {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}, *([{"type": "null"}] if field.allow_none else [])]}

    def _word(self, field: fields.Field[Any], said: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(field, fields.Enum):
            return {}
        for any_value in ("$ref", "anyOf"):  # apispec describes the field inside too, which is any value
            said.pop(any_value, None)
        described: dict[str, Any] = {"type": ["string", "null"] if field.allow_none else "string"}
        for check in field.validators:
            if isinstance(check, validate.OneOf):
                described["enum"] = [str(getattr(word, "value", word)) for word in check.choices]
        return described

    def _names(self, field: fields.Field[Any], _said: dict[str, Any]) -> dict[str, Any]:
        """Names for generated code, where a word of an enumeration is none itself."""
        if isinstance(field, fields.Enum) and any("." in str(word.value) for word in field.enum):
            return {"x-enum-varnames": [word.name for word in field.enum]}
        labels = [check.labels for check in field.validators if isinstance(check, validate.OneOf) and check.labels]
        return {"x-enum-varnames": list(labels[0])} if labels else {}

    def _shape(self, field: fields.Field[Any], said: dict[str, Any]) -> dict[str, Any]:
        options = field.metadata.get("any_of")
        if options is None:
            return self._option(VALUE) if type(field) is fields.Raw else {}
        for name in ("type", "additionalProperties"):
            said.pop(name, None)
        any_of = [self._option(option) for option in options]
        if field.allow_none:
            any_of.append({"type": "null"})
        return any_of[0] if len(any_of) == 1 else {"anyOf": any_of}

    def _option(self, option: Any) -> dict[str, Any]:
        if isinstance(option, Shape):
            if option.name not in self._spec.components.schemas:
                self._spec.components.schema(option.name, dict(option.schema))
            return {"$ref": f"#/components/schemas/{option.name}"}
        if isinstance(option, type) and issubclass(option, marshmallow.Schema):
            resolved: dict[str, Any] = self._converter.resolve_nested_schema(option)
            return resolved
        return {**option, "pattern": ecma(option["pattern"])} if "pattern" in option else dict(option)


def _keys(field: fields.Mapping) -> dict[str, Any]:
    """What is said of a mapping's keys: their pattern, and how long they are."""
    described: dict[str, Any] = {}
    for check in getattr(field.key_field, "validators", ()):
        if isinstance(check, validate.Regexp):
            described["pattern"] = ecma(str(check.regex.pattern))
        elif isinstance(check, validate.Length):
            lengths = {"minLength": check.min, "maxLength": check.max}
            described |= {name: length for name, length in lengths.items() if length is not None}
    return described


def _unbound(describe: Any) -> Any:
    def function(_converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
        described: dict[str, Any] = describe(field, ret)
        return described

    function.__name__ = f"wici{describe.__name__}"
    return function


def ecma(pattern: str) -> str:
    """A Python pattern, as `re.match` applies it, in the words of ECMA 262 with its `u` flag: anchored at the start."""
    pattern = pattern.replace(r"\A", "^").replace(r"\Z", _END)
    pattern = re.sub(r"\\U([0-9a-fA-F]{8})", lambda match: f"\\u{{{int(match[1], 16):x}}}", pattern)
    return pattern if pattern.startswith("^") else f"^(?:{pattern})"
