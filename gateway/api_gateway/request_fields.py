"""What a refusal calls a field: as the client does who sent it, wherever the refusal comes from.

Services read a request by Python's names and check parts of it together with other things; so they may say `from_`,
`sender` or `content.from_email` of what the client sent as `from` or `from.email`. The schemas know both names: a
field's `data_key`, and `Schema.also_named`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import marshmallow
from marshmallow import fields

from api_gateway.routing import Route
from chassis.logs import get_logger
from contracts.errors import FieldError, WiciError

Path = tuple[str, ...]

log = get_logger()


class RequestFields:
    """The fields of one route's requests, and of the thing that it is about."""

    def __init__(self, route: Route) -> None:
        self._endpoint = route.endpoint
        self._path_parameters = frozenset(route.path_parameters)
        named = (route.request, route.or_json, route.query, route.about)
        self._schemas = [schema() for schema in named if schema is not None]

    @contextmanager
    def named(self) -> Iterator[None]:
        """A refusal from inside names the request's own fields."""
        try:
            yield
        except WiciError as error:
            error.errors = [self._renamed(each) for each in error.errors]
            raise

    def _renamed(self, error: FieldError) -> FieldError:
        if not error["field"] or error["code"] in ("field.unknown", "field.repeated"):
            return error  # the client's own word for it
        name = self.name_of(error["field"])
        if name is None:
            log.warning("refusal_names_no_field", operation=self._endpoint, code=error["code"])
        return {**error, "field": name or ""}

    def name_of(self, field: str) -> str | None:
        """The request's name of what a refusal calls `field`; None: it has no such field."""
        if field in self._path_parameters:
            return field
        for schema in self._schemas:
            path = _renamed_beginning(schema, field)
            found = _in_schema(schema, path) if path else ()
            if found is not None:
                return ".".join(found)
        return None


def _renamed_beginning(schema: marshmallow.Schema, field: str) -> Path:
    also_named: Mapping[str, str] = getattr(schema, "also_named", {})
    for beginning in sorted(also_named, key=len, reverse=True):
        if field == beginning or field.startswith(f"{beginning}."):
            field = (also_named[beginning] + field[len(beginning) :]).removeprefix(".")
            break
    return tuple(field.split(".")) if field else ()


def _in_schema(schema: marshmallow.Schema, path: Path) -> Path | None:
    """`path` in the words of who sends: None where already its first step leads nowhere."""
    first, *rest = path
    for name, field in schema.load_fields.items():
        key = field.data_key or name
        if first in (key, name, field.attribute):
            return (key, *_in_field(field, tuple(rest)))
    return None


def _in_field(field: Any, path: Path) -> Path:
    """The steps of `path` that lead on from `field`; what leads nowhere is cut off."""
    if not path:
        return ()
    if isinstance(field, fields.List):
        return (path[0], *_in_field(field.inner, path[1:])) if path[0].isdigit() else ()
    if isinstance(field, fields.Nested):
        if field.many:
            return (path[0], *(_in_schema(field.schema, path[1:]) or ())) if path[0].isdigit() else ()
        return _in_schema(field.schema, path) or ()
    options = field.metadata.get("any_of")
    if options is not None:
        return _in_options(options, path)
    if isinstance(field, fields.Mapping):
        # marshmallow says of a pair what is wrong with its `key` or its `value`.
        rest = path[2:] if path[1:2] in (("key",), ("value",)) else path[1:]
        return (path[0], *_in_field(field.value_field, rest)) if field.value_field else (path[0], *rest)
    return path if type(field) is fields.Raw else ()


def _in_options(options: Sequence[Any], path: Path) -> Path:
    schemas = [option() for option in options if isinstance(option, type)]
    found = [_in_schema(schema, path) for schema in schemas]
    if not schemas:
        return path  # a shape that only JSON Schema describes: rules of segments
    return next((steps for steps in found if steps is not None), ())
