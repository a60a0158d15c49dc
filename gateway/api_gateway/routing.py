"""The one shape of a public route. Each noun's table in `routes/` is a list of these; nothing else makes an endpoint.

A route's RPC payload is `{**path parameters, **query, **body}`; ids travel as strings. What the RPC returns is the
JSON answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import marshmallow
from flask import Response

from api_gateway.naming import operation_id
from contracts.permissions import PERMISSIONS

Handler = Callable[[Any], Response]
"""Answers a `context.RequestContext`. The type is not named here: a context knows its route, it would be a circle."""

PUBLIC: Final = "PUBLIC"
"""No login needed; a token that is sent all the same is not looked at."""

ANYONE: Final = "ANYONE"
"""Any logged-in user or API key; where a service decides more finely, `Route.service_checked` names the permission."""

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_PARAMETER = re.compile(r"<(?:(?P<converter>[a-z]+)(?:\([^)]*\))?:)?(?P<name>[a-z_][a-z0-9_]*)>")
_RPC_NAME = re.compile(r"^[a-z_]+\.[a-z_][a-z0-9_]*$")


class RouteError(Exception):
    """A route table is wrong; the message names the route or the table, and what to change."""


@dataclass(frozen=True)
class Route:
    """One public operation, from which the endpoint, the checks and the OpenAPI description are made.

    :param method: GET, POST, PUT, PATCH or DELETE (HEAD and OPTIONS come by themselves).
    :param path: Flask's notation: `/v1/groups/<uuid:group_id>`.
    :param rpc: `service.method` to call; None only with `handler`.
    :param permission: a key of `contracts.permissions.PERMISSIONS`, or `PUBLIC`, or `ANYONE`.
    :param request: schema of the JSON body; None: no body is read.
    :param query: schema of the query string; None: any parameter is refused.
    :param about: schema of the stored thing whose fields a refusal may name beside the request's own: a campaign's, of
        `schedule`.
    :param response: schema of the answer, for the description only; None with status 204.
    :param status: of success. With 204 the RPC's result is not sent.
    :param idempotent: takes `Idempotency-Key`; set on every POST that sends or charges.
    :param session_only: refuses API keys.
    :param operator: for operators alone; lives under `/v1/operator`.
    :param service_checked: the permission that the service itself checks (dispatch on the thing's own channel).
    :param location: format string of the Location header over the result and path parameters: `/v1/imports/{id}`.
    :param retry_after: seconds for the Retry-After header of a 202.
    :param later: what is asked for is not there yet when its thing is new: no link of the description leads here.
    :param deadline: seconds that the RPC may take.
    :param handler: `handler(context) -> Response` for what is not JSON over one RPC: uploads, downloads.
    :param bare: a `handler` that gets the request as it came: no rate limit, no check of query or body (tracking links,
        health, documentation).
    :param quick: a `bare` handler that waits for nobody and reads no body, served by threads that nothing else can
        take; the first segment of its path is that of no other route.
    :param looks_up: one that is `quick` but for what `tracking.lookups` asks the gateway's own database: those have
        threads apart, so that a database that hangs stops neither the other links nor health.
    :param ceiling: `previews`, `uploads` or `downloads`: how many of them one tenant may have at once.
    :param hourly: a setting of the gateway, `registration_rate`: how often one address may do this in an hour.
    :param hourly_of: a field of the body; each value of it counts by itself.
    :param reads_body: the handler reads and checks the body by itself, with a limit of its own.
    :param consumes: media type of the request body, for the description: `multipart/form-data` for uploads.
    :param or_json: schema of a JSON body that an upload may be asked for by instead; the handler reads it.
    :param headers: what the handler reads of the request's headers, as OpenAPI's parameter objects.
    :param produces: media types of the answer, the first by default: `("application/json", "application/pdf")`.
    """

    method: str
    path: str
    rpc: str | None = None
    permission: str = field(kw_only=True)
    summary: str = field(kw_only=True)
    description: str = field(default="", kw_only=True)
    request: type[marshmallow.Schema] | None = field(default=None, kw_only=True)
    query: type[marshmallow.Schema] | None = field(default=None, kw_only=True)
    about: type[marshmallow.Schema] | None = field(default=None, kw_only=True)
    response: type[marshmallow.Schema] | None = field(default=None, kw_only=True)
    status: int = field(default=200, kw_only=True)
    idempotent: bool = field(default=False, kw_only=True)
    session_only: bool = field(default=False, kw_only=True)
    operator: bool = field(default=False, kw_only=True)
    service_checked: str | None = field(default=None, kw_only=True)
    location: str | None = field(default=None, kw_only=True)
    retry_after: int | None = field(default=None, kw_only=True)
    later: bool = field(default=False, kw_only=True)
    tags: Sequence[str] = field(default=(), kw_only=True)
    example: Mapping[str, Any] | None = field(default=None, kw_only=True)
    response_example: Any = field(default=None, kw_only=True)
    deadline: float = field(default=10.0, kw_only=True)
    handler: Handler | None = field(default=None, kw_only=True)
    bare: bool = field(default=False, kw_only=True)
    quick: bool = field(default=False, kw_only=True)
    looks_up: bool = field(default=False, kw_only=True)
    ceiling: str | None = field(default=None, kw_only=True)
    hourly: str | None = field(default=None, kw_only=True)
    hourly_of: str | None = field(default=None, kw_only=True)
    reads_body: bool = field(default=False, kw_only=True)
    consumes: str = field(default="application/json", kw_only=True)
    or_json: type[marshmallow.Schema] | None = field(default=None, kw_only=True)
    headers: Sequence[Mapping[str, Any]] = field(default=(), kw_only=True)
    produces: Sequence[str] = field(default=("application/json",), kw_only=True)

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise RouteError(f"route {self.method} {self.path}: {problem}")

    @property
    def endpoint(self) -> str:
        """Flask's endpoint, and the operation's name in metrics: `get_v1_groups_group_id`."""
        plain = _PARAMETER.sub(lambda match: match["name"], self.path)
        return f"{self.method.lower()}_{re.sub('[^a-z0-9]+', '_', plain.lower()).strip('_')}"

    @property
    def operation_id(self) -> str:
        """OpenAPI's operationId, a method of generated clients: `getGroup`."""
        called = self.rpc or str(getattr(self.handler, "__name__", ""))
        return operation_id(self.endpoint, called.rpartition(".")[2])

    @property
    def path_parameters(self) -> dict[str, str]:
        """Converter by name of each parameter in the path: `{"group_id": "uuid"}`."""
        return {match["name"]: match["converter"] or "string" for match in _PARAMETER.finditer(self.path)}

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it: `/v1/groups/{group_id}`."""
        return _PARAMETER.sub(lambda match: "{" + match["name"] + "}", self.path)

    @property
    def needs_account(self) -> bool:
        """Whether it is about what an account owns: every permission is one within an account."""
        return self.permission in PERMISSIONS or self.service_checked is not None

    def _problems(self) -> list[str]:
        checks = [
            (self.method in METHODS, f"method must be one of {', '.join(sorted(METHODS))}"),
            (self.path.startswith("/"), "the path must start with a slash"),
            ((self.rpc is None) != (self.handler is None), "give either rpc= or handler="),
            (self.rpc is None or bool(_RPC_NAME.match(self.rpc)), f"rpc={self.rpc!r} is not `service.method`"),
            (
                self.permission in PERMISSIONS or self.permission in (PUBLIC, ANYONE),
                f"permission={self.permission!r} is not in contracts.permissions",
            ),
            (
                self.service_checked is None or self.service_checked in PERMISSIONS,
                f"service_checked={self.service_checked!r} is not in contracts.permissions",
            ),
            (bool(self.summary.strip()), "summary= is missing"),
            (
                not self.bare or (self.handler is not None and self.permission == PUBLIC),
                "bare= needs handler= and PUBLIC",
            ),
            (self.bare or not self.quick, "quick= needs bare="),
            (self.quick or not self.looks_up, "looks_up= needs quick="),
            (
                self.operator == self.path.startswith("/v1/operator/") or self.permission == PUBLIC,
                "operator=True belongs under /v1/operator/, and everything there must have it",
            ),
            (not self.idempotent or self.method == "POST", "only a POST takes an Idempotency-Key"),
            (
                not self.idempotent or self.permission != PUBLIC,
                "an Idempotency-Key needs an account: a PUBLIC route has none",
            ),
            (self.method != "GET" or self.request is None, "a GET has no body: use query="),
            (200 <= self.status < 400, f"status={self.status} is not one of success"),
            *((_is_schema(getattr(self, name)), f"{name}= must be a marshmallow Schema class") for name in _SCHEMAS),
        ]
        return [problem for holds, problem in checks if not holds]


_SCHEMAS = ("request", "query", "about", "response")


def _is_schema(candidate: object) -> bool:
    return candidate is None or (isinstance(candidate, type) and issubclass(candidate, marshmallow.Schema))


def operator_route(service: str) -> Callable[..., Route]:
    """Makes routes for operators alone: `(method, path below /v1/operator, the service's RPC, summary, …)`."""

    def route(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
        fixed: dict[str, Any] = {"permission": ANYONE, "operator": True, "tags": ["Operators"]}
        return Route(method, f"/v1/operator/{path}", rpc=f"{service}.{rpc}", summary=summary, **fixed, **more)

    return route
