"""What web pages need for push: the SDK, what their service workers load, and a page that shows both."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources

from flask import Response
from werkzeug.exceptions import NotFound

from api_gateway.context import RequestContext
from api_gateway.routing import PUBLIC, Route

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; worker-src 'self';"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HTML, _SCRIPT = "text/html; charset=utf-8", "application/javascript; charset=utf-8"
_FILES = {
    "sdk.js": ("web_push_sdk.js", _SCRIPT),
    "worker.js": ("web_push_worker.js", _SCRIPT),
    "demo": ("web_push_demo.html", _HTML),
    "demo.js": ("web_push_demo.js", _SCRIPT),
}


def web_push_file(context: RequestContext) -> Response:
    """A file by its exact name; pages of any origin may load the scripts."""
    if context.payload["name"] not in _FILES:
        raise NotFound
    name, media_type = _FILES[context.payload["name"]]
    content = _content(name)
    answer = Response(content, content_type=media_type)
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if media_type == _HTML:
        answer.headers["Content-Security-Policy"] = _POLICY
    answer.set_etag(hashlib.sha256(content).hexdigest()[:32], weak=True)
    answer.make_conditional(context.request)
    return answer


@lru_cache(maxsize=len(_FILES))
def _content(name: str) -> bytes:
    return (resources.files("api_gateway") / "templates" / name).read_bytes()


ROUTES = [
    Route(
        "GET",
        "/web-push/<name>",
        handler=web_push_file,
        permission=PUBLIC,
        bare=True,
        summary="The web SDK of push",
        description="`sdk.js` for pages (`wiciPush.subscribe`), `worker.js` for their service workers to load, and"
        " `demo`, a page that shows both.",
        produces=("application/javascript", "text/html"),
        tags=["Push"],
    ),
]
