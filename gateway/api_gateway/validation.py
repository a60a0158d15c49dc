"""Checking a request against its route's schemas: strict about unknown fields and about JSON types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import marshmallow
from marshmallow import RAISE, fields

from api_gateway.body import unknown_field
from contracts.errors import FieldError, Invalid
from contracts.schema import field_errors


class Checker:
    """Checks bodies, or query strings, of one route by one schema.

    A schema may declare the route's path parameters too (the service loads one payload with all of them); the body or
    query may not.
    """

    def __init__(self, schema: type[marshmallow.Schema], path_parameters: frozenset[str], *, is_json: bool) -> None:
        self._schema = schema(unknown=RAISE)
        self._path_parameters = path_parameters
        self._is_json = is_json
        self._known = {field.data_key or name: field for name, field in self._schema.load_fields.items()}
        self._declared = path_parameters & self._known.keys()
        self._lists = frozenset(name for name, field in self._known.items() if isinstance(field, fields.List))

    def check(self, sent: dict[str, Any], path: dict[str, str]) -> None:
        """:raises Invalid: naming every offending field."""
        for name in sent:
            if name in self._path_parameters:
                raise unknown_field(name)
        whole = {**sent, **{name: path[name] for name in self._declared}} if self._declared else sent
        problems = _wrong_types(self._schema, sent, ()) if self._is_json else []
        if not problems:
            try:
                self._schema.load(whole)
                return
            except marshmallow.ValidationError as error:
                problems = field_errors(error.messages)
        raise Invalid("request.invalid", "Some fields are not valid.", None, problems)

    def query_values(self, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        """A query string as one object; a name may come twice only where the schema has a list."""
        values: dict[str, Any] = {}
        for name, value in pairs:
            if name in self._lists:
                values.setdefault(name, []).append(value)
            elif name in values:
                error: FieldError = {"field": name, "code": "field.repeated", "detail": "Given more than once."}
                raise Invalid("request.invalid", "Some fields are not valid.", None, [error])
            else:
                values[name] = value
        return values


def _wrong_types(schema: marshmallow.Schema, sent: Any, path: tuple[str, ...]) -> list[FieldError]:
    """JSON types that marshmallow would convert: `"5"` for a number, `"yes"` for true."""
    if not isinstance(sent, dict):
        return []
    errors: list[FieldError] = []
    for name, field in schema.load_fields.items():
        key = field.data_key or name
        if key in sent:
            errors += _wrong_type(field, sent[key], (*path, key))
    return errors


def _wrong_type(field: Any, value: Any, path: tuple[str, ...]) -> list[FieldError]:
    if value is None:
        return []
    if "any_of" in field.metadata:
        return _wrong_option(field.metadata["any_of"], value, path)
    if isinstance(field, fields.Nested):
        items = value if field.many and isinstance(value, list) else None
        if items is None:
            return _wrong_types(field.schema, value, path)
        return [error for n, item in enumerate(items) for error in _wrong_types(field.schema, item, (*path, str(n)))]
    if isinstance(field, fields.List):
        if not isinstance(value, list):
            return [_expected("a list", path)]
        return [error for n, item in enumerate(value) for error in _wrong_type(field.inner, item, (*path, str(n)))]
    if isinstance(field, fields.Dict | fields.Mapping):
        if not isinstance(value, dict) or field.value_field is None:
            return []
        return [error for key, item in value.items() for error in _wrong_type(field.value_field, item, (*path, key))]
    return _wrong_scalar(field, value, path)


def _wrong_option(options: Iterable[Any], value: Any, path: tuple[str, ...]) -> list[FieldError]:
    """Of several schemas, the one is meant that knows most of the fields that were sent."""
    schemas = [option() for option in options if isinstance(option, type)]
    if not isinstance(value, dict) or not schemas:
        return []
    return _wrong_types(max(schemas, key=lambda schema: len(schema.load_fields.keys() & value.keys())), value, path)


def _wrong_scalar(field: Any, value: Any, path: tuple[str, ...]) -> list[FieldError]:
    for kinds, fits, expected in _SCALARS:
        if isinstance(field, kinds):
            return [] if fits(value) else [_expected(expected, path)]
    return []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# The first row whose field types fit decides; fields of other types are marshmallow's own matter.
_SCALARS: list[tuple[tuple[type, ...], Callable[[Any], bool], str]] = [
    ((fields.Boolean,), lambda value: isinstance(value, bool), "true or false"),
    ((fields.Integer,), lambda value: _is_number(value) and value == int(value), "a whole number"),
    ((fields.Float,), _is_number, "a number"),
    ((fields.Decimal,), lambda value: _is_number(value) or isinstance(value, str), "a number"),
    (
        (fields.DateTime, fields.Date, fields.Time, fields.UUID, fields.String),
        lambda value: isinstance(value, str),
        "a string",
    ),
]


def _expected(what: str, path: tuple[str, ...]) -> FieldError:
    error: FieldError = {"field": ".".join(path), "code": "field.wrong_type", "detail": f"Must be {what}."}
    error["parameters"] = {"expected": what}
    return error
