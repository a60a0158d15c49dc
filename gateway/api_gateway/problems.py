"""Every error that leaves the gateway: problem details (RFC 9457), and the one table from kind to HTTP status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from api_gateway.languages import texts
from chassis.answers import as_told
from chassis.logs import get_logger
from contracts import errors
from contracts.errors import FieldError, WiciError

MEDIA_TYPE = "application/problem+json"
DEFAULT_RETRY_SECONDS = 2
# What was asked for may be done all the same, and who obeys `Retry-After` would have it done twice.
MAY_BE_DONE = frozenset({"database.unanswered", "service.timeout", "service.unanswered"})

STATUS: dict[type[WiciError], int] = {
    errors.Unreadable: 400,
    errors.Unauthenticated: 401,
    errors.PlanLimit: 402,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
    errors.Invalid: 422,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
}

# What the HTTP layer itself refuses, by status: (code, detail).
_HTTP_ERRORS: dict[int, tuple[str, str]] = {
    400: ("request.unreadable", "The request cannot be read."),
    404: ("route.not_found", "There is no such address."),
    405: ("method.not_allowed", "This address does not take that method."),
    406: ("answer.not_acceptable", "No answer of an accepted media type exists."),
    408: ("request.timeout", "The request took too long to arrive."),
    411: ("request.length_required", "Say how long the body is: send Content-Length."),
    413: ("request.too_large", "The request is too large."),
    414: ("request.address_too_long", "The address is too long."),
    415: ("request.unsupported_media_type", "This media type is not understood."),
}
# As RFC 9110 names them; the standard library of Python 3.11 has the older names.
_TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
_RESERVED = frozenset({"type", "title", "status", "code", "detail", "errors", "request_id", "instance"})

log = get_logger()


def status_of(error: WiciError) -> int:
    """HTTP status of an error's kind; a subclass has its parent's."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(error: WiciError) -> Response:
    """The answer to a typed error; `extra` becomes members of the problem beside the standard ones."""
    answer = render(status_of(error), error.code, error.detail, error.errors, error.extra)
    if answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="wici"'
    if answer.status_code == 429 and "limit" in error.extra:
        answer.headers["RateLimit-Limit"] = str(error.extra["limit"])
        answer.headers["RateLimit-Remaining"] = "0"
        answer.headers["RateLimit-Reset"] = str(error.extra.get("retry_after", DEFAULT_RETRY_SECONDS))
    if answer.status_code == 412 and "etag" in error.extra:
        answer.headers["ETag"] = error.extra["etag"]
    if answer.status_code in (429, 503) and (error.code not in MAY_BE_DONE or _is_repeatable()):
        retry_after = error.extra.get("retry_after", DEFAULT_RETRY_SECONDS)
        answer.headers["Retry-After"] = str(max(1, round(float(retry_after))))
    return answer


def _is_repeatable() -> bool:
    """Whether the request may come twice: by its method (RFC 9110, 9.2.2), or because its key is known by then."""
    return request.method not in ("POST", "PATCH") or "request_key" in g


def render(
    status: int,
    code: str,
    detail: str = "",
    field_errors: list[FieldError] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    """One problem detail, in the language of the request."""
    told = texts()
    members: dict[str, Any] = {
        "type": f"urn:wici:problem:{code}",
        "title": told.title(status, _TITLES.get(status) or HTTPStatus(status).phrase),
        "status": status,
        "code": code,
        "detail": told.detail(code, detail, extra or {}),
    }
    if field_errors:
        members["errors"] = [told.field_error(error) for error in field_errors]
    members["request_id"] = g.get("request_id")
    members.update({name: value for name, value in (extra or {}).items() if name not in _RESERVED})
    answer = Response(orjson.dumps(members, default=str), status, content_type=MEDIA_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    told.label(answer)
    return answer


def install(app: Flask) -> None:
    """Make every error of `app` a problem detail, the unforeseen included."""
    app.register_error_handler(WiciError, problem)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unforeseen)


def _http_problem(error: HTTPException) -> BaseResponse:
    status = error.code or 500
    if status < 400:
        return error.get_response()  # a redirect
    code, detail = _HTTP_ERRORS.get(status, ("request.failed", ""))
    answer = render(status, code, detail)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after", "accept-ranges", "content-range"):
            answer.headers[name] = value
    return answer


def _unforeseen(error: Exception) -> Response:
    # The traceback goes to the log alone; the caller gets the request id that finds it.
    log.error("request_failed", error_type=type(error).__name__, exc_info=error)
    told = as_told(error)
    if isinstance(told, WiciError):
        return problem(told)
    return render(500, "internal", "Something went wrong on our side.")
