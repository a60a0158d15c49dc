"""Links of the description: which operations an answer's id leads to (OpenAPI 3.1, Link Object).

They follow from the tables: what answers a thing with an id, or a list of such, leads to every operation below that
thing's address. Front-end teams find the next step with them, and the sweep of the end-to-end tests walks along them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import marshmallow
from marshmallow import fields

from api_gateway.routing import Route

OPERATOR = "/v1/operator/"


def of_routes(routes: Sequence[Route]) -> dict[str, dict[str, Any]]:
    """Links by name, by the endpoint whose answer they start from."""
    by_place: dict[str, list[Route]] = {}
    for route in routes:
        if len(route.path_parameters) == 1 and not route.later and not route.bare:
            by_place.setdefault(route.template.partition("/{")[0], []).append(route)
    place_by_schema = {
        route.response: place
        for place, below in by_place.items()
        for route in below
        if route.method == "GET" and route.response is not None and route.template.endswith("}")
    }
    links_by_endpoint = {}
    for route in routes:
        place = route.template
        if route.path_parameters:
            # What makes a thing of another place, such as a duplicate.
            makes = route.response if (route.method, route.status) == ("POST", 201) else None
            place = place_by_schema.get(makes, "") if makes else ""
        links = dict(_links(route, [*by_place.get(place, []), *by_place.get(_operated(place), [])]))
        if links:
            links_by_endpoint[route.endpoint] = links
    return links_by_endpoint


def _operated(place: str) -> str:
    """Where operators find the same things."""
    return "" if place.startswith(OPERATOR) else place.replace("/v1/", OPERATOR)


def _links(route: Route, targets: Sequence[Route]) -> Iterator[tuple[str, dict[str, Any]]]:
    for target in targets:
        if route.method == "GET" and not target.template.endswith("}"):
            continue  # A list leads to its items; they lead on.
        parameter = next(iter(target.path_parameters))
        pointer = _pointer(route, parameter)
        if pointer is not None:
            link = {"operationId": target.operation_id, "parameters": {parameter: f"$response.body#{pointer}"}}
            yield target.operation_id, {**link, "description": target.summary}


def _pointer(route: Route, parameter: str) -> str | None:
    """Where the answer has the id (RFC 6901): its own, its first item's, or that of the first message accepted."""
    if route.response is None or route.method not in ("GET", "POST") or route.status == 204:
        return None
    own = route.response().dump_fields
    if route.method == "POST":
        names: tuple[tuple[str, Any], ...] = (("", own),)
    else:
        names = (("/items/0", _inner(own.get("items"))),)
    names += (("/messages/0", _inner(own.get("messages"))),)
    for pointer, ids in names:
        for name in ("id", parameter):
            if name in ids:
                return f"{pointer}/{name}"
    return None


def _inner(field: fields.Field[Any] | None) -> dict[str, Any]:
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        schema = field.inner.schema
        assert isinstance(schema, marshmallow.Schema)
        return schema.dump_fields
    return {}
