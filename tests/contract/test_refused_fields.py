"""A refusal names what the client sent: in every operation, and whatever the service calls it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import marshmallow
import pytest
from marshmallow import fields
from system import SERVICES, source_of

from api_gateway.request_fields import RequestFields
from api_gateway.routes import all_routes
from api_gateway.routing import Route
from contracts.errors import Invalid
from contracts.schema import Schema

ROUTES = [route for route in all_routes() if not route.bare]
# Said to another service, never to a client.
AMONG_SERVICES = {"audience", "chunk", "feature", "first", "template", "time_zone"}


def schemas_of(route: Route) -> list[type[marshmallow.Schema]]:
    return [schema for schema in (route.request, route.or_json, route.query, route.about) if schema is not None]


def by_name(route: Route) -> str:
    return route.operation_id


def names_inside(schema: marshmallow.Schema, depth: int = 0) -> Iterator[tuple[str, str]]:
    """(as a service may call it, as the client does) of every field, and of those in it."""
    for name, field in schema.load_fields.items():
        key = field.data_key or name
        yield name, key
        inner: Any = field.inner if isinstance(field, fields.List) else field
        place = ".3" if isinstance(field, fields.List) or getattr(field, "many", False) else ""
        if isinstance(inner, fields.Nested) and depth < 3:
            for below, shown in names_inside(inner.schema, depth + 1):
                yield f"{name}{place}.{below}", f"{key}{place}.{shown}"


@pytest.mark.parametrize("route", [route for route in ROUTES if schemas_of(route)], ids=by_name)
def test_every_field_of_a_request_is_told_by_the_clients_name(route: Route) -> None:
    named = RequestFields(route)

    for schema in schemas_of(route):
        for called, shown in names_inside(schema()):
            assert named.name_of(called) == named.name_of(shown) == shown


def refused_by(service: str) -> Iterator[str]:
    """The fields that the source of a service names in refusals; where one is made up of pieces, its beginning."""
    for source in source_of(service).values():
        for node in ast.walk(ast.parse(source)):
            yield from _literals(_field_of(node))


def _field_of(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "of_field":
        return node.args[0]
    if isinstance(node, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        return node.values[keys.index("field")] if {"field", "code", "detail"} <= set(keys) else None
    return None


def _literals(node: ast.AST | None) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield str(node.values[0].value).rstrip(".")


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_refuses_is_a_field_of_one_of_its_operations(service: str) -> None:
    asks = {service, "campaigns"} if service.endswith("_gateway") else {service}
    named = [RequestFields(route) for route in ROUTES if (route.rpc or "").partition(".")[0] in ("", *asks)]

    unknown = {
        field
        for field in refused_by(service)
        if field not in AMONG_SERVICES and all(route.name_of(field) is None for route in named)
    }

    assert not unknown


class Mailbox(Schema):
    email = fields.String()


class Send(Schema):
    also_named = {"content": "", "content.from_email": "from.email", "sender": "from"}

    from_ = fields.Nested(Mailbox, data_key="from")
    to = fields.List(fields.Nested(Mailbox))
    headers = fields.Dict(keys=fields.String(), values=fields.String())
    rules = fields.Raw()
    html = fields.String()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("sender", "from"),
        ("from_", "from"),
        ("from_.email", "from.email"),
        ("content.from_email", "from.email"),
        ("content.html", "html"),
        ("content", ""),
        ("to.17.email", "to.17.email"),
        ("to.17.phone", "to.17"),
        ("headers.X-A.value", "headers.X-A"),
        ("rules.all.0.field", "rules.all.0.field"),
        ("thing_id", "thing_id"),
        ("template", ""),
    ],
)
def test_a_field_is_told_as_it_was_sent(said: str, told: str) -> None:
    route = Route("PUT", "/v1/a/<uuid:thing_id>", rpc="a.b", permission="ANYONE", summary="A", request=Send)

    with pytest.raises(Invalid) as refusal, RequestFields(route).named():
        raise Invalid.of_field(said, "a.b", "No.", {"x": 1}, least=12)

    assert refusal.value.errors == [{"field": told, "code": "a.b", "detail": "No.", "parameters": {"least": 12}}]
