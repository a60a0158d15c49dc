"""Mail routes: operators say where mail to a domain goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from email_gateway import exceptions
from email_gateway.models import MailRoute
from email_gateway.store import routes as store

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from email_gateway.dependencies import Tools


def create_route(session: Session, tools: Tools, request: dict[str, Any]) -> MailRoute:
    if request["kind"] == "smarthost" and not request["host"]:
        raise exceptions.smarthost_needs_host()
    pattern = request["pattern"].lower()
    if store.route_by_pattern(session, pattern=pattern) is not None:
        raise exceptions.route_exists()
    password = request["password"]
    route = MailRoute(
        route_id=tools.new_id(),
        pattern=pattern,
        kind=request["kind"],
        host=request["host"] if request["kind"] == "smarthost" else None,
        port=request["port"],
        tls=request["tls"],
        username=request["username"],
        sealed_password=tools.vault.encrypt(password.encode()) if password else None,
        connections=request["connections"],
    )
    session.add(route)
    session.flush()
    session.refresh(route)
    return route


def delete_route(session: Session, *, route_id: UUID) -> None:
    if not store.delete_route(session, route_id=route_id):
        raise exceptions.route_not_found()


def route_json(route: MailRoute) -> dict[str, Any]:
    return {
        "id": route.route_id,
        "pattern": route.pattern,
        "kind": route.kind,
        "host": route.host,
        "port": route.port,
        "tls": route.tls,
        "username": route.username,
        "connections": route.connections,
        "created_at": route.created_at,
    }
