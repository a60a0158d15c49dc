"""The Flask application: every route of the tables, the same headers on every answer, a problem for every error."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, UUIDConverter

from api_gateway import addresses, cors, panel, problems, responses, telemetry
from api_gateway.config import Config
from api_gateway.context import is_for_operators
from api_gateway.pipeline import OPERATOR_PATHS, Endpoint
from api_gateway.routes import all_routes, docs
from api_gateway.routing import Route
from api_gateway.sign_ups import origins
from api_gateway.wiring import Wiring, build
from chassis import config as chassis_config
from chassis.ids import new_id
from chassis.logs import bind

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:/+=@-]{1,128}$")
# Sent with every answer that does not say otherwise itself.
_USUAL_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("Cache-Control", "no-store"),
)


class SessionName(BaseConverter):
    """A session's id, or `current`."""

    regex = f"current|{UUIDConverter.regex}"


def create_app(wiring: Wiring, routes: Sequence[Route] | None = None) -> Flask:
    """The application over `wiring`; `routes` are those of the tables unless given.

    :raises RouteError: a route table is broken; the message names it.
    """
    app = Flask("api_gateway", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["session"] = SessionName
    app.extensions["wiring"] = wiring
    table = all_routes() if routes is None else list(routes)
    app.extensions["routes"] = table
    problems.install(app)
    for route in table:
        app.add_url_rule(
            route.path,
            route.endpoint,
            Endpoint(wiring, route),
            methods=[route.method],
            strict_slashes=True,
        )
    panel.install(app, wiring.config.panel_folder)
    app.before_request(_begin)
    app.teardown_request(_let_go)
    app.after_request(_end)
    app.wsgi_app = _with_usual_headers(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def from_environment() -> Flask:
    """What gunicorn asks for, in each worker process."""
    config = chassis_config.load(Config, os.environ)
    config.check_ports()
    wiring = build(config)
    try:
        app = create_app(wiring)
        docs.describe(app)
        return app
    except BaseException:
        wiring.close()
        raise


def _begin() -> None:
    wiring: Wiring = _wiring()
    own_id = request.headers.get("X-Request-Id", "")
    g.request_id = own_id if _REQUEST_ID.match(own_id) else str(new_id())
    g.address = wiring.client_address.of(request.remote_addr or "", request.headers.get("X-Forwarded-For"))
    g.started = time.perf_counter()
    g.held = ExitStack()
    bind(trace_id=g.request_id, account_id=None)
    if request.path.startswith(OPERATOR_PATHS) and not is_for_operators(wiring):
        raise NotFound
    view = current_app.view_functions.get(request.endpoint or "")
    if not isinstance(view, Endpoint) or view.counts_by_address:
        wiring.hold_place(f"address:{addresses.neighbourhood(g.address)}", wiring.config.address_requests)
    if "\ufffd" in request.path or "\x00" in request.path:
        raise NotFound


def _let_go(_error: BaseException | None) -> None:
    if "held" in g:
        g.held.close()


def _end(answer: Response) -> Response:
    headers = answer.headers
    if "request_id" in g:
        headers["X-Request-Id"] = g.request_id
    if "allowance" in g:
        headers.update(g.allowance.headers())
    cors.apply(answer, (*_wiring().config.cors_origins, *origins.of_request(_wiring())))
    responses.compress(answer, request)
    telemetry.answered(request.endpoint, request.method, answer.status_code, time.perf_counter() - g.started)
    return answer


def _with_usual_headers(app: WSGIApplication) -> WSGIApplication:
    """Add the usual headers on the way out: on the plain list that is five times cheaper than by Werkzeug's Headers."""

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            present = {name for name, _value in headers}
            return start_response(
                status, headers + [header for header in _USUAL_HEADERS if header[0] not in present], *error
            )

        return app(environ, start)

    return outer


def _wiring() -> Wiring:
    wiring: Wiring = current_app.extensions["wiring"]
    return wiring
