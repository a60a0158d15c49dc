"""Entrypoints: what people answer."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from sms_gateway.service.base import Base
from sms_gateway.usecases import answers


class Answers(Base):
    """Messages from phones."""

    @rpc
    def list_inbound_sms(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_inbound_sms", answers.list_inbound_sms, actor, payload)

    @rpc
    def list_conversations(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_conversations", answers.list_conversations, actor, payload)

    @rpc
    def list_conversation(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_conversation", answers.list_conversation, actor, payload)
