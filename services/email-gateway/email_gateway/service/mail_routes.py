"""Entrypoints: mail routes, which are the operators'."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from email_gateway.service.base import Base
from email_gateway.usecases import mail_routes


class MailRoutes(Base):
    """Where mail for a domain is handed over."""

    @rpc
    def create_mail_route(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_mail_route", mail_routes.create_mail_route, actor, payload, tools=self.tools)

    @rpc
    def list_mail_routes(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_mail_routes", mail_routes.list_mail_routes, actor, payload)

    @rpc
    def delete_mail_route(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_mail_route", mail_routes.delete_mail_route, actor, payload)
