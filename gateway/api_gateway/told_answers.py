"""What answers say of what went wrong, in the language of the request: why a job failed, what is wrong in a batch.

Problems are put into words by `problems`; this is of answers that are none, and hold a code with its English text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import marshmallow
from flask import Response
from marshmallow import fields

from api_gateway import etags
from api_gateway.context import RequestContext
from api_gateway.languages import texts

Place = tuple[str, ...]
EACH = "*"  # of a list


def answer(context: RequestContext, result: Any) -> Response:
    """The route's answer to what its RPC gave. What has a tag stays as its service shows it: the tag is of that."""
    places = () if etags.shows_tagged(context.route) else _places(context.route.response)
    said = list(_said(result, places))
    if not said:
        return context.answer(result)
    told = texts()
    for one in said:
        one["detail"] = told.detail(one["code"], one["detail"], one)
    given = context.answer(result)
    told.label(given)
    return given


def _said(result: Any, places: tuple[Place, ...]) -> Iterator[dict[str, Any]]:
    for place in places:
        for one in _at(result, place):
            if isinstance(one, dict) and one.get("code") and one.get("detail"):
                yield one


def _at(found: Any, place: Place) -> Iterator[Any]:
    if not place:
        yield found
    elif place[0] == EACH:
        for one in found or ():
            yield from _at(one, place[1:])
    elif isinstance(found, Mapping):
        yield from _at(found.get(place[0]), place[1:])


@cache
def _places(schema: type[marshmallow.Schema] | None) -> tuple[Place, ...]:
    """Where answers of this schema hold a code with its text: themselves, or as far down as an item's own part."""
    return () if schema is None else tuple(_below(schema(), depth=2))


def _below(schema: marshmallow.Schema, depth: int) -> Iterator[Place]:
    for name, field in schema.fields.items():
        each = isinstance(field, fields.List)
        inner = field.inner if isinstance(field, fields.List) else field
        if not isinstance(inner, fields.Nested):
            continue
        place = (field.data_key or name, *((EACH,) if each else ()))
        if {"code", "detail"} <= inner.schema.fields.keys():
            yield place
        elif depth > 1:
            yield from ((*place, *further) for further in _below(inner.schema, depth - 1))
