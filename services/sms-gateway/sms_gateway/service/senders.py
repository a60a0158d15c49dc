"""Entrypoints: sender IDs."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from sms_gateway.service.base import Base
from sms_gateway.usecases import senders


class Senders(Base):
    """Who may be named as the sender."""

    @rpc
    def list_sender_ids(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_sender_ids", senders.list_sender_ids, actor, payload)

    @rpc
    def request_sender_id(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("request_sender_id", senders.request_sender, actor, payload)

    @rpc
    def accept_sender_id(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("accept_sender_id", senders.accept_sender, actor, payload)

    @rpc
    def list_all_sender_ids(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_all_sender_ids", senders.list_all_sender_ids, actor, payload)

    @rpc
    def decide_sender_id(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("decide_sender_id", senders.decide_sender, actor, payload)
