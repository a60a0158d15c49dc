"""Example values made from a schema, for the operations whose table gives none."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields, validate

UUID_EXAMPLE = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90"
_MAX_DEPTH = 4
_BY_TYPE: list[tuple[type[fields.Field[Any]], Any]] = [
    (fields.UUID, UUID_EXAMPLE),
    (fields.Email, "anna@example.com"),
    (fields.Url, "https://example.com/"),
    (fields.AwareDateTime, "2026-11-24T08:00:00+00:00"),
    (fields.DateTime, "2026-11-24T08:00:00+00:00"),
    (fields.Date, "2026-11-24"),
    (fields.Time, "08:00:00"),
    (fields.Boolean, True),
    (fields.Integer, 1),
    (fields.Float, 1.5),
    (fields.Decimal, "1.50"),
    (fields.String, "text"),
]


def of_schema(schema: marshmallow.Schema | type[marshmallow.Schema], *, writes: bool, depth: int = 0) -> dict[str, Any]:
    """One object that fits `schema`.

    :param writes: for a request (fields to load), else for an answer (fields to dump).
    """
    instance = schema() if isinstance(schema, type) else schema
    schema_fields = instance.load_fields if writes else instance.dump_fields
    return {
        field.data_key or name: of_field(field, writes=writes, depth=depth)
        for name, field in schema_fields.items()
        if depth < _MAX_DEPTH or field.required
    }


def of_field(field: Any, *, writes: bool, depth: int = 0) -> Any:
    """One value that fits `field`."""
    if "example" in field.metadata:
        return field.metadata["example"]
    if isinstance(field, fields.Nested):
        if depth >= _MAX_DEPTH:
            return [] if field.many else {}
        inner = of_schema(field.schema, writes=writes, depth=depth + 1)
        return [inner] if field.many else inner
    if isinstance(field, fields.List):
        return [] if depth >= _MAX_DEPTH else [of_field(field.inner, writes=writes, depth=depth + 1)]
    if isinstance(field, fields.Dict | fields.Mapping):
        return {}
    if isinstance(field, fields.Enum):
        first: Any = next(iter(field.enum.__members__.values()))
        return first.value if field.by_value else first.name
    return _scalar(field)


def _scalar(field: Any) -> Any:
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            return next(iter(check.choices))
        if isinstance(check, validate.Range) and isinstance(field, fields.Integer) and check.min is not None:
            return check.min
    return next((value for kind, value in _BY_TYPE if isinstance(field, kind)), None)
