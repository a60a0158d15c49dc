"""HTTP responses: JSON by orjson, and gzip where the client takes it."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
from flask import Request, Response

# Below this, gzip's own bytes and time cost more than they save.
MIN_GZIP = 1024
GZIP_LEVEL = 4
_PACKABLE = ("application/json", "application/problem+json", "text/", "application/javascript", "image/svg+xml")


def json(result: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(result, default=str), status, headers, content_type="application/json")


def compress(answer: Response, request: Request) -> None:
    """Gzip a finished body, where it is worth it and the client takes it."""
    if 300 < answer.status_code < 304:
        return  # a redirect: it has no body
    if answer.direct_passthrough or answer.is_streamed or "Content-Encoding" in answer.headers:
        return
    if not answer.headers.get("Content-Type", "").startswith(_PACKABLE):
        return
    answer.vary.add("Accept-Encoding")
    if answer.status_code in (204, 304):
        return
    body = answer.get_data()
    # A small body is the usual case, and reading the header costs more than looking at the length.
    if len(body) < MIN_GZIP or request.accept_encodings["gzip"] <= 0:
        return
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    answer.set_data(packer.compress(body) + packer.flush())
    answer.headers["Content-Encoding"] = "gzip"
