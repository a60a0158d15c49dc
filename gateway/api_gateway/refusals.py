"""Problem details (RFC 9457) as raw bytes, for what is refused before there is a request."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from gunicorn.http import errors

from api_gateway.intake import BareLineFeed, HeadTooLarge

_DETAILS = {
    "request.timeout": "The request took too long to arrive.",
    "gateway.busy": "Too much is going on.",
    "internal": "Something went wrong on our side.",
}

# The first row that fits; what is not listed is a failure of ours.
_REFUSALS: list[tuple[type[BaseException] | tuple[type[BaseException], ...], int, str]] = [
    (errors.LimitRequestLine, 414, "request.address_too_long"),
    ((errors.LimitRequestHeaders, HeadTooLarge), 431, "request.headers_too_large"),
    (errors.ExpectationFailed, 417, "request.expectation_failed"),
    (errors.UnsupportedTransferCoding, 501, "request.unsupported_transfer_coding"),
    ((errors.ParseException, BareLineFeed), 400, "request.malformed"),
]


def status_and_code(error: BaseException) -> tuple[int, str]:
    """How a request that cannot be read is refused."""
    return next(((status, code) for kinds, status, code in _REFUSALS if isinstance(error, kinds)), (500, "internal"))


def refusal(status: int, code: str, request_id: str, *, retry_after: int | None = None) -> bytes:
    """A whole HTTP answer after which the connection closes."""
    title = HTTPStatus(status).phrase
    body = orjson.dumps(
        {
            "type": f"urn:wici:problem:{code}",
            "title": title,
            "status": status,
            "code": code,
            "detail": _DETAILS.get(code, "This is not a request that can be read."),
            "request_id": request_id,
        }
    )
    lines = [
        f"HTTP/1.1 {status} {title}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"X-Request-Id: {request_id}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        *([f"Retry-After: {retry_after}"] if retry_after else []),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
