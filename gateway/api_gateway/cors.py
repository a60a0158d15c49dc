"""Cross-origin requests: only from the origins that are configured, never with cookies.

`Wici-Session` is not among the headers that they may send: `session_cookie` counts on it.
"""

from __future__ import annotations

from flask import Response, request

_EXPOSED = (
    "ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining,"
    " RateLimit-Reset"
)
_ALLOWED = (
    "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, X-Request-Id, Accept, Accept-Language"
)
PREFLIGHT_SECONDS = 600


def apply(answer: Response, origins: tuple[str, ...]) -> None:
    """Add CORS headers (Fetch standard) where the request's origin is one of `origins`, or these hold `*`."""
    if not origins:
        return
    answer.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin is None or (origin not in origins and "*" not in origins):
        return
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Expose-Headers"] = _EXPOSED
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        answer.headers["Access-Control-Allow-Methods"] = answer.headers.get("Allow", "")
        answer.headers["Access-Control-Allow-Headers"] = _ALLOWED
        answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
