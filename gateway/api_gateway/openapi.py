"""The OpenAPI 3.1 description, made from the route tables and their schemas."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import marshmallow
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from api_gateway import etags, examples, json_schema, links, naming
from api_gateway.problems import MEDIA_TYPE
from api_gateway.routing import ANYONE, PUBLIC, Route

_INTRODUCTION = """\
The public API of Wici, an open cross-channel messaging platform.

* Log in (`POST /v1/sessions`) or create an API key, and send it as `Authorization: Bearer …`.
* Errors are problem details (RFC 9457) with a stable `code`; `errors` names every offending field as the request does
  (`to.3`; empty: the request as a whole), with the facts in its text as `parameters` (`{"min": 12}`). Where a field's
  code begins with `field.` (`field.missing`, `field.too_long`), the request does not fit this description;
  every other code is a rule that no schema states (`password.wrong`, `group.not_found`, `quota.exhausted`) and may meet
  any request.
* Texts for people (titles and details of problems, names of permissions, labels of segments' fields and operators) are
  in Polish where `Accept-Language` prefers it, else in English; `Content-Language` says in what. Codes never change.
* Bodies are I-JSON (RFC 7493): UTF-8, no key twice, no half of a surrogate pair, numbers within ±(2⁵³−1).
  No text holds a NUL.
* An answer's links say which operations its ids lead to.
* What is edited has an `ETag` where it is shown alone. A change with `If-Match` of another version is 412
  `precondition.failed` with the current `ETag`, and changes nothing; without `If-Match` the last one wins.
* Lists take `limit` and an opaque `cursor`; the answer has `items` and `next_cursor`.
* A POST that sends or charges takes an `Idempotency-Key`: the same key and body have their effect once, and give the
  same answer for 24 hours (`Idempotency-Replayed: true`). A refusal (4xx, 5xx) is not replayed: it did nothing, and the
  same request is tried anew under the same key. Another request under the key is 422 `idempotency.key_reused`, also
  where the first was refused; one that still runs is 409 `idempotency.still_running`.
* 503 with `Retry-After` is worth asking again. Without it (`service.timeout`, `service.unanswered`,
  `database.unanswered` of a POST or PATCH) it may be done all the same: look first, or ask again under the same
  `Idempotency-Key`.
* Long work answers 202 with the `Location` of the job and `Retry-After`.
* Bodies may be sent gzipped; `X-Request-Id` is taken and given back.
"""
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable slug to program against."},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Path of the field, such as `recipients.3.phone`."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "parameters": {"type": "object", "description": 'The facts in `detail`: `{"min": 12}`.'},
                },
            },
        },
        "request_id": {"type": ["string", "null"]},
    },
}
_PROBLEM_CODES = {
    400: "json.malformed",
    401: "session.invalid",
    402: "quota.exhausted",
    403: "permission.missing",
    404: "route.not_found",
    406: "answer.not_acceptable",
    408: "request.timeout",
    409: "idempotency.still_running",
    412: "precondition.failed",
    411: "request.length_required",
    413: "request.too_large",
    414: "request.address_too_long",
    415: "request.unsupported_media_type",
    422: "request.invalid",
    429: "rate.limited",
    500: "internal",
    503: "service.unavailable",
}
_STRUCTURED = (marshmallow.fields.Nested, marshmallow.fields.Mapping)
_PARAMETER_TYPES: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "session": {"anyOf": [{"const": "current"}, {"type": "string", "format": "uuid"}]},
    "string": {"type": "string"},
}
_PARAMETER_EXAMPLES = {"uuid": examples.UUID_EXAMPLE, "int": 1, "session": "current"}


_IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The `ETag` that the thing had when you looked; 412 where it has been changed since.",
    "example": "*",
}


class _Names:
    """A component name for each schema class; two classes of one name differ by their modules."""

    def __init__(self) -> None:
        self._class_by_name: dict[str, type[marshmallow.Schema]] = {}

    def __call__(self, schema: Any) -> str | None:
        if isinstance(schema, marshmallow.Schema) and (schema.exclude or schema.only or schema.partial):
            return None  # A cut-down schema is described in its place.
        cls = schema if isinstance(schema, type) else type(schema)
        name = cls.__name__.removesuffix("Schema")
        if self._class_by_name.setdefault(name, cls) is not cls:
            name = f"{cls.__module__.rpartition('.')[2].title().replace('_', '')}{name}"
            self._class_by_name.setdefault(name, cls)
        return name


def describe(routes: Sequence[Route], public_url: str, version: str) -> dict[str, Any]:
    """The description of `routes` as one JSON object."""
    plugin = MarshmallowPlugin(schema_name_resolver=_Names())  # type: ignore[arg-type]
    spec = APISpec(
        title="Wici",
        version=version,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": _INTRODUCTION},
        tags=[{"name": name, "description": said} for name, said in naming.TAGS.items()],
        servers=[{"url": public_url}],
    )
    json_schema.Describer(plugin, spec)
    spec.components.schema("Problem", _PROBLEM)
    _add_security(spec)
    for status in sorted(_PROBLEM_CODES):
        spec.components.response(f"Problem{status}", _problem_response(status))
    links_by_endpoint = links.of_routes(routes)
    for route in routes:
        operation = _operation(route)
        if route.endpoint in links_by_endpoint:
            operation["responses"][str(route.status)]["links"] = links_by_endpoint[route.endpoint]
        spec.path(path=route.template, operations={route.method.lower(): operation})
    return spec.to_dict()


def _add_security(spec: APISpec) -> None:
    spec.components.security_scheme(
        "session", {"type": "http", "scheme": "bearer", "description": "`access_token` of `POST /v1/sessions`."}
    )
    spec.components.security_scheme(
        "api_key", {"type": "http", "scheme": "bearer", "description": "An API key, `wk_…`."}
    )


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "description": _description(route),
        "tags": list(route.tags),
        "parameters": _parameters(route),
        "responses": {str(route.status): _success(route), **_problems(route)},
        "security": _security(route),
        "x-permission": route.service_checked or route.permission,
    }
    body = _request_body(route)
    if body is not None:
        operation["requestBody"] = body
    return operation


def _description(route: Route) -> str:
    notes = [route.description.strip()] if route.description else []
    needed = route.service_checked or (None if route.permission in (PUBLIC, ANYONE) else route.permission)
    if needed:
        notes.append(f"Permission: `{needed}`.")
    if route.about is not None:
        notes.append("Refusals may name fields of the stored thing, as well as the request's.")
    if route.session_only:
        notes.append("In a session only: API keys are refused.")
    if route.operator:
        notes.append("Operators only.")
    return "\n\n".join(notes)


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.permission == PUBLIC:
        return []
    if route.session_only or route.operator:
        return [{"session": []}]
    return [{"session": []}, {"api_key": []}]


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    for name, converter in route.path_parameters.items():
        schema = _PARAMETER_TYPES.get(converter, {"type": "string"})
        example = _PARAMETER_EXAMPLES.get(converter, "text")
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema, "example": example})
    if route.query is not None:
        parameters.append({"in": "query", "schema": _without_path(route, route.query)})
    parameters += [dict(header) for header in route.headers]
    if etags.takes_if_match(route):
        parameters.append(_IF_MATCH)
    if route.idempotent:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]+(?!\n)$"},
                "description": "The same key and body have their effect once, and the same answer for 24 hours.",
                "example": f"{route.operation_id}-17"[:255],
            }
        )
    return parameters


def _without_path(route: Route, schema: type[marshmallow.Schema]) -> Any:
    cut = set(route.path_parameters) & set(schema().fields)
    return schema(exclude=cut) if cut else schema


def _request_body(route: Route) -> dict[str, Any] | None:
    if route.request is None:
        return None
    schema = _without_path(route, route.request)
    example = route.example if route.example is not None else examples.of_schema(schema, writes=True)
    instance = schema if isinstance(schema, marshmallow.Schema) else schema()
    content: dict[str, Any] = {"schema": schema, "example": example}
    if route.consumes == "multipart/form-data":
        structured = [name for name, field in instance.load_fields.items() if isinstance(field, _STRUCTURED)]
        content["encoding"] = {name: {"contentType": "application/json"} for name in structured}
    required = any(field.required for field in instance.load_fields.values())
    media = {route.consumes: content}
    if route.or_json is not None:
        written = examples.of_schema(route.or_json, writes=True)
        media["application/json"] = {"schema": route.or_json, "example": written}
    return {"required": required, "content": media}


def _success(route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(route.status).phrase, "headers": _headers(route)}
    if route.status == 204:
        return answer
    content: dict[str, Any] = {}
    for media_type in route.produces:
        content[media_type] = {"schema": {"type": "string"}}
        if media_type == "application/json":
            example = route.response_example
            if example is None and route.response is not None:
                example = examples.of_schema(route.response, writes=False)
            content[media_type] = {"schema": route.response or {"type": "object"}, "example": example or {}}
    answer["content"] = content
    return answer


def _headers(route: Route) -> dict[str, Any]:
    def header(kind: str, description: str) -> dict[str, Any]:
        return {"schema": {"type": kind}, "description": description}

    headers = {"X-Request-Id": header("string", "Name this when you ask about a request.")}
    if not route.bare:
        headers["RateLimit-Limit"] = header("integer", "Requests a minute.")
        headers["RateLimit-Remaining"] = header("integer", "Requests left in this minute.")
        headers["RateLimit-Reset"] = header("integer", "Seconds until the next minute begins.")
    if route.location or route.status == 302:
        headers["Location"] = header("string", "Where it is.")
    if route.retry_after:
        headers["Retry-After"] = header("integer", "Seconds until asking again is worth it.")
    if etags.shows_tagged(route):
        headers["ETag"] = header("string", "This version of it, for `If-Match`.")
    if route.idempotent:
        headers["Idempotency-Replayed"] = header("string", "`true` on the answer of an earlier request.")
    return headers


def _problems(route: Route) -> dict[str, Any]:
    if route.bare:
        # The links of messages answer people, with pages.
        own: dict[str, Any] = (
            {"404": _page(404), "410": _page(410), "503": _page(503)}
            if "Links" in route.tags
            else {"404": "Problem404"}
        )
        if route.path.startswith("/hooks/"):
            own |= {str(status): f"Problem{status}" for status in (400, 403, 411, 413, 415, 429, 503)}
        return {**own, "414": "Problem414"}
    statuses = {400, 403, 404, 414, 422, 429, 500, 503}
    if route.permission != PUBLIC:
        statuses.add(401)
    if route.method != "GET":
        statuses |= {408, 409, 413, 415}
    if route.later:
        statuses.add(409)
    if route.permission == PUBLIC and route.method != "GET":
        statuses |= {401, 411}  # Logging in, refreshing; strangers say how long their body is.
    if route.method == "POST":
        statuses.add(402)
    if etags.takes_if_match(route):
        statuses.add(412)
    if len(route.produces) > 1 or (route.permission != PUBLIC and route.produces != ("application/json",)):
        statuses.add(406)
    return {str(status): f"Problem{status}" for status in sorted(statuses)}


def _page(status: int) -> dict[str, Any]:
    """A page of the links in messages; an address that is none of them at all is a problem as everywhere."""
    content: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}, MEDIA_TYPE: {"schema": "Problem"}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _problem_response(status: int) -> dict[str, Any]:
    example: dict[str, Any] = {
        "type": f"urn:wici:problem:{_PROBLEM_CODES[status]}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": _PROBLEM_CODES[status],
        "detail": "A sentence for a person.",
        "request_id": examples.UUID_EXAMPLE,
    }
    if status == 422:
        error = {"field": "to.3", "code": "field.too_long", "detail": "Longer than maximum length 20."}
        example["errors"] = [{**error, "parameters": {"max": 20}}]
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": "Problem", "example": example}},
    }
    if status in (429, 503):
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return answer
