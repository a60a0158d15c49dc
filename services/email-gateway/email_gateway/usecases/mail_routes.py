"""Mail routes: operators say where mail to a domain goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import operator_of
from chassis.database import Session
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.models import MailRoute
from email_gateway.store import mail_routes as store
from email_gateway.usecases import views
from email_gateway.usecases.ports import Tools


def list_mail_routes(session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int) -> pages.Page:
    operator_of(actor)
    rows = store.routes(session, after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, views.mail_route)


def create_mail_route(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, reason: str, **request: Any
) -> views.View:
    """:raises Conflict: there is a route for the pattern. :raises Invalid: a smarthost without a host."""
    operator_of(actor)
    if request["kind"] == "smarthost" and not request["host"]:
        raise exceptions.smarthost_needs_host()
    pattern, password = request["pattern"].lower(), request["password"]
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
    if not store.add(session, route):
        raise exceptions.route_exists()
    session.refresh(route)
    told = {"reason": reason, "pattern": route.pattern, "kind": route.kind}
    acts.record(session, EMAIL_GATEWAY_ACT, actor, "mail_route.created", target_id=route.route_id, **told)
    return views.mail_route(route)


def delete_mail_route(session: Session, *, actor: Actor, now: datetime, route_id: UUID, reason: str) -> None:
    operator_of(actor)
    if not store.delete_route(session, route_id=route_id):
        raise exceptions.route_not_found()
    acts.record(session, EMAIL_GATEWAY_ACT, actor, "mail_route.deleted", target_id=route_id, reason=reason)
