"""The API's description and its pages, served from this machine alone."""

from __future__ import annotations

import hashlib
import threading
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import orjson
from flask import Flask, Response, current_app
from werkzeug.exceptions import NotFound

import api_gateway
from api_gateway import openapi
from api_gateway.context import RequestContext
from api_gateway.routing import PUBLIC, Route

_MAKING = threading.Lock()
_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "application/javascript; charset=utf-8", ".png": "image/png"}
_ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "favicon-16x16.png"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Wici API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="/docs/favicon-32x32.png">
</head><body><div id="pages"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_START = """window.ui = SwaggerUIBundle({url: "/v1/openapi.json", dom_id: "#pages", deepLinking: true,
  validatorUrl: null, docExpansion: "none", filter: true, persistAuthorization: false, displayRequestDuration: true,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout"});
"""


def describe(app: Flask) -> tuple[bytes, str]:
    """The description and its ETag, made once: it takes a fifth of a second, so whoever starts a server asks first."""
    with _MAKING:
        made: tuple[bytes, str] | None = app.extensions.get("openapi")
        if made is None:
            public_url = app.extensions["wiring"].config.public_url
            body = orjson.dumps(openapi.describe(app.extensions["routes"], public_url, api_gateway.__version__))
            made = app.extensions["openapi"] = body, hashlib.sha256(body).hexdigest()[:32]
        return made


def description(context: RequestContext) -> Response:
    """The whole description; a client that has it gets 304 (ETag)."""
    body, etag = describe(current_app)
    answer = Response(body, content_type="application/json")
    answer.set_etag(etag, weak=True)
    answer.headers["Cache-Control"] = "no-cache"
    answer.make_conditional(context.request)
    return answer


def page(_context: RequestContext) -> Response:
    answer = Response(_PAGE, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


def asset(context: RequestContext) -> Response:
    """A static file of the pages, by its exact name."""
    name = context.payload["name"]
    if name == "start.js":
        content = _START.encode()
    elif name in _ASSETS:
        content = _asset(name)
    else:
        raise NotFound
    answer = Response(content, content_type=_MEDIA_TYPES[Path(name).suffix])
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.set_etag(hashlib.sha256(content).hexdigest()[:32], weak=True)
    answer.make_conditional(context.request)
    return answer


@lru_cache(maxsize=len(_ASSETS))
def _asset(name: str) -> bytes:
    # The package ships Swagger UI's files; its own Flask blueprint is not needed.
    package = find_spec("flask_swagger_ui")
    if package is None or package.origin is None:
        raise NotFound
    return (Path(package.origin).parent / "dist" / name).read_bytes()


ROUTES: list[Route] = [
    Route(
        "GET",
        "/v1/openapi.json",
        handler=description,
        bare=True,
        permission=PUBLIC,
        tags=["Documentation"],
        summary="This description",
        response_example={"openapi": "3.1.0", "info": {"title": "Wici"}, "paths": {}},
    ),
    Route(
        "GET",
        "/docs",
        handler=page,
        bare=True,
        permission=PUBLIC,
        tags=["Documentation"],
        summary="The API's pages",
        produces=("text/html",),
    ),
    Route(
        "GET",
        "/docs/<name>",
        handler=asset,
        bare=True,
        permission=PUBLIC,
        tags=["Documentation"],
        summary="Files of the API's pages",
        produces=("application/javascript", "text/css", "image/png"),
    ),
]
