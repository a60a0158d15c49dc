"""`ETag` of what is edited, and `If-Match` of who edits it (RFC 9110 sections 8.8.3 and 13.1.1).

Which things these are the contracts say (`Call.edits`). The tag of an answer is made of what the service
showed; whether it is still current the service alone can tell, where it holds the row.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import marshmallow
from flask import Request

from api_gateway.routing import Route
from contracts.etags import TAG_LENGTH, tag_of
from contracts.rpc import Call

MOST_TAGS = 20


def takes_if_match(route: Route) -> bool:
    """Whether the route changes a thing that has a tag."""
    return route.rpc is not None and _edited_by(route.rpc) is not None


def shows_tagged(route: Route) -> bool:
    """Whether the route's answer is such a thing."""
    return route.response is not None and route.response in _edited()


def of_answer(route: Route, shown: Any) -> str | None:
    """The `ETag` of an answer; None where it is no such thing."""
    if not isinstance(shown, Mapping) or route.response is None or not shows_tagged(route):
        return None
    return f'"{tag_of(route.response, shown)}"'


def wanted(request: Request) -> list[str] | None:
    """The strong tags of `If-Match`: none of them may be of ours, and then nothing fits; None: anything does."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return [tag for tag in request.if_match.as_set() if tag and len(tag) == TAG_LENGTH][:MOST_TAGS]


def _edited_by(rpc: str) -> type[marshmallow.Schema] | None:
    service, _, method = rpc.partition(".")
    call = _calls(service).get(method)
    return call.edits if call else None


@cache
def _calls(service: str) -> Mapping[str, Call]:
    try:
        calls: Mapping[str, Call] = importlib.import_module(f"contracts.{service}").RPC
    except ModuleNotFoundError:  # in tests: a service of a few things
        return {}
    return calls


@cache
def _edited() -> frozenset[type[marshmallow.Schema]]:
    services = (
        "identity",
        "contacts",
        "campaigns",
        "sms_gateway",
        "email_gateway",
        "push_gateway",
        "ott_gateway",
        "rcs_gateway",
        "viber_gateway",
        "reporting",
    )
    return frozenset(call.edits for service in services for call in _calls(service).values() if call.edits)
