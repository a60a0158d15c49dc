"""The Flask application: every route of the tables, the same headers on every answer, a problem for every error."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, UUIDConverter

from api_gateway import addresses, cors, panel, path_ids, problems, responses, telemetry
from api_gateway.config import Config
from api_gateway.context import is_for_operators
from api_gateway.pipeline import OPERATOR_PATHS, Endpoint
from api_gateway.routes import all_routes, docs
from api_gateway.routing import Route
from api_gateway.sign_ups import origins
from api_gateway.wiring import Wiring, build
from chassis import config as chassis_config
from chassis import spans
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
    path_ids.install(app.url_map, (route.path for route in table))
    for route in table:
        app.add_url_rule(
            path_ids.lenient(route.path),
            route.endpoint,
            Endpoint(wiring, route),
            methods=[route.method],
            strict_slashes=True,
        )
    panel.install(app, wiring.config.panel_folder)
    app.before_request(_begin)
    app.teardown_request(_let_go)
    app.after_request(_end)
    app.ensure_sync = _plain  # type: ignore[method-assign, assignment]
    app.wsgi_app = _with_usual_headers(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is called is never a coroutine; Flask would look at each function of each request whether it is one."""
    return function


def from_environment() -> Flask:
    """What gunicorn asks for, in each worker process."""
    config = chassis_config.load(Config, os.environ)
    config.check_ports()
    config.check_addresses()
    wiring = build(config)
    try:
        app = create_app(wiring)
        docs.describe(app)
        return app
    except BaseException:
        wiring.close()
        raise


def _begin() -> None:
    app, asked, held = _here()
    wiring: Wiring = app.extensions["wiring"]
    environ, path = asked.environ, asked.path  # Werkzeug's Headers take five times as long
    own_id = environ.get("HTTP_X_REQUEST_ID", "")
    held.request_id = request_id = own_id if _REQUEST_ID.match(own_id) else str(new_id())
    held.address = address = wiring.client_address.of(asked.remote_addr or "", environ.get("HTTP_X_FORWARDED_FOR"))
    held.started = time.perf_counter()
    held.held = ExitStack()
    held.span_id = span_id = spans.new_id() if spans.is_on() else None
    bind(trace_id=request_id, account_id=None, span_id=span_id)
    if path.startswith(OPERATOR_PATHS) and not is_for_operators(wiring):
        raise NotFound
    view = app.view_functions.get(asked.endpoint or "")
    if not isinstance(view, Endpoint) or view.counts_by_address:
        wiring.hold_place(f"address:{addresses.neighbourhood(address)}", wiring.config.address_requests)
    if "\ufffd" in path or "\x00" in path:
        raise NotFound


def _let_go(_error: BaseException | None) -> None:
    if "held" in g:
        g.held.close()


def _end(answer: Response) -> Response:
    app, asked, held = _here()
    wiring: Wiring = app.extensions["wiring"]
    headers = answer.headers
    if "request_id" in held:
        headers["X-Request-Id"] = held.request_id
    if "allowance" in held:
        headers.update(held.allowance.headers())
    cors.apply(answer, (*wiring.config.cors_origins, *origins.of_request(wiring, asked, held)))
    responses.compress(answer, asked)
    if held.get("span_id"):
        _record_span(answer)
    telemetry.answered(asked.endpoint, asked.method, answer.status_code, time.perf_counter() - held.started)
    return answer


def _record_span(answer: Response) -> None:
    """The root of a customer's trace."""
    spans.record(
        request.endpoint or "none", spans.Kind.SERVER, request_id=g.request_id, span_id=g.span_id,
        started=time.time() - (time.perf_counter() - g.started), failed=answer.status_code >= 500,
        facts={"http.request.method": request.method, "http.response.status_code": answer.status_code},
    )  # fmt: skip


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


def _here() -> tuple[Flask, Request, Any]:
    """The application, the request and what is kept for it, not by their proxies, each use of which costs 1 µs."""
    proxies: tuple[Any, Any, Any] = (current_app, request, g)
    app, asked, held = (proxy._get_current_object() for proxy in proxies)
    return app, asked, held
