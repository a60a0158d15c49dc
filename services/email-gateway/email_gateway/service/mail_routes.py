"""Entrypoints: mail routes, which are the operators'."""

from __future__ import annotations

from typing import Any

from chassis.service import rpc
from contracts import email_gateway as contract
from contracts.rpc import Actor
from contracts.schema import PageQuery, dump, load
from email_gateway.service.base import Base, after_of, operator_of, page, tell
from email_gateway.store import routes as route_store
from email_gateway.usecases import routes


class MailRoutes(Base):
    """Where mail for a domain is handed over."""

    @rpc
    def create_mail_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.MailRouteCreate, payload)
        operator_of(actor)
        with self.database.transaction() as session:
            route = routes.create_route(session, self.tools, request)
            told = {"reason": request["reason"], "pattern": route.pattern, "kind": route.kind}
            tell(session, actor, "mail_route.created", route.route_id, **told)
            return dump(contract.MailRoute, routes.route_json(route))

    @rpc
    def list_mail_routes(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PageQuery, payload)
        operator_of(actor)
        with self.database.transaction() as session:
            found = route_store.routes(session, after=after_of(request), limit=request["limit"] + 1)
            items = [dump(contract.MailRoute, routes.route_json(each)) for each in found]
        return page(items, request["limit"])

    @rpc
    def delete_mail_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.MailRouteRemoval, payload)
        operator_of(actor)
        with self.database.transaction() as session:
            routes.delete_route(session, route_id=request["route_id"])
            tell(session, actor, "mail_route.deleted", request["route_id"], reason=request["reason"])
        return {}
