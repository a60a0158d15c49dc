"""Entrypoints: Viber bots, invitations to them, and what people wrote to them."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from viber_gateway.service.base import Base
from viber_gateway.usecases import answers, invitations, senders


class Senders(Base):
    """Who messages are from."""

    @rpc
    def list_senders(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_senders", senders.list_senders, actor, payload)

    @rpc
    def request_sender(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("request_sender", senders.request_sender, actor, payload, vault=self.vault)

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
    def create_invitation(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_invitation", invitations.create_invitation, actor, payload, vault=self.vault)

    @rpc
    def list_inbound(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_inbound", answers.list_inbound, actor, payload)
