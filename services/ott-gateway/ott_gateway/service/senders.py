"""Entrypoints: WhatsApp numbers, their templates, and what people wrote to them."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from ott_gateway.service.base import Base
from ott_gateway.usecases import answers, senders, templates


class Senders(Base):
    """Who messages are from."""

    @rpc
    def list_senders(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_senders", senders.list_senders, actor, payload)

    @rpc
    def request_sender(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("request_sender", senders.request_sender, actor, payload)

    @rpc
    def list_all_senders(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_all_senders", senders.list_all_senders, actor, payload)

    @rpc
    def decide_sender(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("decide_sender", senders.decide_sender, actor, payload, vault=self.vault)

    @rpc
    def get_hook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_hook", senders.get_hook, actor, payload, vault=self.vault)

    @rpc
    def list_templates(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_templates", templates.list_templates, actor, payload)

    @rpc
    def refresh_templates(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("refresh_templates", templates.refresh_templates, actor, payload)

    @rpc
    def list_inbound(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_inbound", answers.list_inbound, actor, payload)
