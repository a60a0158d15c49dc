"""Problem details (RFC 9457) as raw bytes, for what is refused before there is a request."""

from __future__ import annotations

from http import HTTPStatus

import orjson

_DETAILS = {
    "request.timeout": "The request took too long to arrive.",
    "gateway.busy": "Too much is going on.",
    "internal": "Something went wrong on our side.",
}


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
