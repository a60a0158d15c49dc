"""HTTP responses: JSON by orjson, and gzip where the client takes it."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
from flask import Response

# Below this, gzip's own bytes and time cost more than they save.
MIN_GZIP = 1024
GZIP_LEVEL = 4
_PACKABLE = ("application/json", "application/problem+json", "text/", "application/javascript", "image/svg+xml")


def json(result: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(result, default=str), status, headers, content_type="application/json")


def compress(answer: Response, accept_encoding: str | None) -> None:
    """Gzip a finished body, where it is worth it and the client takes it."""
    if answer.direct_passthrough or answer.is_streamed or "Content-Encoding" in answer.headers:
        return
    if not answer.headers.get("Content-Type", "").startswith(_PACKABLE):
        return
    answer.vary.add("Accept-Encoding")
    if answer.status_code in (204, 304) or not accepts_gzip(accept_encoding):
        return
    body = answer.get_data()
    if len(body) < MIN_GZIP:
        return
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    answer.set_data(packer.compress(body) + packer.flush())
    answer.headers["Content-Encoding"] = "gzip"


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110 section 12.5.3); without the header: no."""
    if not accept_encoding:
        return False
    quality_by_coding: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        coding, _, parameters = item.partition(";")
        quality_by_coding[coding.strip()] = _quality(parameters)
    return quality_by_coding.get("gzip", quality_by_coding.get("*", 0.0)) > 0


def _quality(parameters: str) -> float:
    _, found, value = parameters.replace(" ", "").partition("q=")
    if not found:
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
