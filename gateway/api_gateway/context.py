"""One request as the pipeline and the handlers see it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from flask import Request, Response, request

from api_gateway import addresses, cursors, etags, responses
from api_gateway.access import Principal
from api_gateway.limits import Allowance
from api_gateway.routing import Route
from api_gateway.wiring import Wiring
from contracts.rpc import Actor


def listener_port() -> int:
    """The port that the request at hand came to, as the socket knows it and no header says; 0: a Unix socket."""
    own = request.environ.get("gunicorn.socket")
    name = own.getsockname() if own is not None else ("", request.environ["SERVER_PORT"])
    return int(name[1]) if isinstance(name, tuple) else 0


def is_for_operators(wiring: Wiring) -> bool:
    """Whether operators may come by the listener that the request at hand came to."""
    return wiring.config.operator_port in (0, listener_port())


@dataclass(slots=True)
class RequestContext:
    """What a route's `handler` gets.

    :ivar payload: path parameters, query and JSON body in one, validated; ids are strings.
    :ivar address: the client's IP address.
    :ivar slots: what it holds of the ceilings until it is answered (`ceilings`).
    """

    wiring: Wiring
    route: Route
    request_id: str
    address: str
    payload: dict[str, Any] = field(default_factory=dict)
    principal: Principal | None = None
    request_key: str | None = None
    allowance: Allowance | None = None
    slots: ExitStack = field(default_factory=ExitStack)

    @property
    def neighbourhood(self) -> str:
        """What limits of an address count: an IPv6 customer has a /64."""
        return addresses.neighbourhood(self.address)

    @property
    def request(self) -> Request:
        """Flask's request, for headers and streams."""
        return request

    @property
    def actor(self) -> Actor:
        """On whose behalf this request calls a service."""
        who = self.principal
        actor: Actor = {
            "account_id": who.account_id if who else None,
            "user_id": who.user_id if who else None,
            "session_id": who.session_id if who else None,
            "api_key_id": who.api_key_id if who else None,
            "operator_id": who.operator_id if who else None,
            "permissions": sorted(who.permissions) if who else [],
            "address": self.address,
            "request_id": self.request_id,
            "request_key": self.request_key,
            "service": None,
        }
        return actor

    def call(self, rpc: str, payload: dict[str, Any] | None = None, *, deadline: float | None = None) -> Any:
        """Ask a service on the caller's behalf; `payload` is the request's own unless given.

        :raises WiciError: what the service raised.
        """
        return self.wiring.services.call(
            rpc,
            self.actor,
            self.payload if payload is None else payload,
            deadline=deadline or self.route.deadline,
        )

    def answer(self, result: Any) -> Response:
        """The route's answer to `result`: its status, Location and Retry-After."""
        route = self.route
        if isinstance(result, dict) and result.get("next_cursor"):
            result = {**result, "next_cursor": cursors.given(route, self.payload, result["next_cursor"])}
        if route.status == 204:
            answer = Response(b"", 204)
            del answer.headers["Content-Type"]
        else:
            answer = responses.json({} if result is None else result, route.status)
            if (tag := etags.of_answer(route, result)) is not None:
                answer.headers["ETag"] = tag
        if route.location is not None:
            names = {**self.payload, **(result if isinstance(result, dict) else {})}
            answer.headers["Location"] = route.location.format_map(names)
        if route.retry_after is not None:
            answer.headers["Retry-After"] = str(route.retry_after)
        return answer
