"""Health and metrics of one worker."""

from __future__ import annotations

from flask import Response
from marshmallow import fields
from werkzeug.exceptions import NotFound

from api_gateway import responses, telemetry
from api_gateway.context import RequestContext, listener_port
from api_gateway.routing import PUBLIC, Route
from contracts.schema import Schema


class Alive(Schema):
    status = fields.String(required=True)


class SeenAddress(Schema):
    address = fields.String(required=True)
    source = fields.String(required=True)


class Ready(Schema):
    state = fields.String(required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    client_address = fields.Nested(SeenAddress, required=True)


def healthz(_context: RequestContext) -> Response:
    return responses.json({"status": "ok"})


def readyz(context: RequestContext) -> Response:
    state, checks = context.wiring.readiness.state()
    seen = {"address": context.address, "source": context.wiring.client_address.source}
    answer = {"state": state, "checks": checks, "client_address": seen}
    return responses.json(answer, 200 if state in ("ready", "degraded") else 503)


def metrics(context: RequestContext) -> Response:
    """Only on a port of its own: what is public is passed on by proxies, whoever asks."""
    own_port = context.wiring.config.health_port
    if not own_port or listener_port() != own_port:  # a Unix socket has the port 0
        raise NotFound
    return Response(telemetry.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


ROUTES: list[Route] = [
    Route(
        "GET",
        "/healthz",
        handler=healthz,
        bare=True,
        quick=True,
        permission=PUBLIC,
        summary="Whether the gateway is alive",
        response=Alive,
        response_example={"status": "ok"},
        tags=["Health"],
    ),
    Route(
        "GET",
        "/readyz",
        handler=readyz,
        bare=True,
        quick=True,
        permission=PUBLIC,
        summary="Whether the gateway can serve",
        description="`degraded`: links are served, but the broker or the database does not answer at the moment."
        " `client_address` is what the gateway takes for the asking client's address, and from where: the `peer` of the"
        " connection, or what trusted proxies say (`forwarded`). Behind a proxy it must be yours, not the proxy's.",
        response=Ready,
        tags=["Health"],
        response_example={
            "state": "ready",
            "checks": {"database": "ok", "broker": "ok", "spool": "ok"},
            "client_address": {"address": "192.0.2.7", "source": "forwarded"},
        },
    ),
    Route(
        "GET",
        "/metrics",
        handler=metrics,
        bare=True,
        permission=PUBLIC,
        summary="Metrics for Prometheus",
        description="Only on the port of HEALTH_PORT, as with every process; never on the public one.",
        produces=("text/plain",),
        tags=["Health"],
    ),
]
