"""Health and metrics of one worker."""

from __future__ import annotations

from flask import Response
from marshmallow import fields
from werkzeug.exceptions import NotFound

from api_gateway import addresses, responses, telemetry
from api_gateway.context import RequestContext
from api_gateway.routing import PUBLIC, Route
from contracts.schema import Schema


class Alive(Schema):
    status = fields.String(required=True)


class Ready(Schema):
    state = fields.String(required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


def healthz(_context: RequestContext) -> Response:
    return responses.json({"status": "ok"})


def readyz(context: RequestContext) -> Response:
    state, checks = context.wiring.readiness.state()
    return responses.json({"state": state, "checks": checks}, 200 if state in ("ready", "degraded") else 503)


def metrics(context: RequestContext) -> Response:
    """Only for the networks that are configured; to anyone else there is no such address."""
    address = addresses.parse(context.address)
    listed = addresses.networks(context.wiring.config.metrics_networks)
    if address is None or not addresses.contains(listed, address):
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
        description="`degraded`: links are served, but the broker or the database does not answer at the moment.",
        response=Ready,
        tags=["Health"],
        response_example={"state": "ready", "checks": {"database": "ok", "broker": "ok", "spool": "ok"}},
    ),
    Route(
        "GET",
        "/metrics",
        handler=metrics,
        bare=True,
        permission=PUBLIC,
        summary="Metrics for Prometheus",
        produces=("text/plain",),
        tags=["Health"],
    ),
]
