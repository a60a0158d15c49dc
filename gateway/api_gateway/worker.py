"""gunicorn's threaded worker, with problem details where the HTTP itself cannot be read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from chassis.ids import new_id
from chassis.logs import get_logger

# The first row that fits; what is not listed is a failure of ours.
_REFUSALS: list[tuple[type[BaseException] | tuple[type[BaseException], ...], int, str]] = [
    (errors.LimitRequestLine, 414, "request.address_too_long"),
    (errors.LimitRequestHeaders, 431, "request.headers_too_large"),
    (errors.ExpectationFailed, 417, "request.expectation_failed"),
    (errors.UnsupportedTransferCoding, 501, "request.unsupported_transfer_coding"),
    (errors.ParseException, 400, "request.malformed"),
]

log = get_logger()


class Worker(ThreadWorker):
    """Answers unreadable requests in the API's own way, and logs neither their bytes nor their sender."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        status, code = next(
            ((status, code) for kinds, status, code in _REFUSALS if isinstance(exc, kinds)), (500, "internal")
        )
        request_id = str(new_id())
        if status == 500:
            log.error("request_failed", error_type=type(exc).__name__, trace_id=request_id, exc_info=exc)
        else:
            log.info("request_unreadable", error_type=type(exc).__name__, trace_id=request_id)
        try:
            write_nonblock(client, _problem(status, code, request_id))
        except Exception:
            log.debug("client_gone")


def _problem(status: int, code: str, request_id: str) -> bytes:
    title = HTTPStatus(status).phrase
    body = orjson.dumps(
        {
            "type": f"urn:wici:problem:{code}",
            "title": title,
            "status": status,
            "code": code,
            "detail": "This is not a request that can be read."
            if status < 500
            else "Something went wrong on our side.",
            "request_id": request_id,
        }
    )
    head = (
        f"HTTP/1.1 {status} {title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"X-Request-Id: {request_id}\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
