"""Entrypoints: keywords, and what is answered to a STOP."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from sms_gateway.service.base import Base
from sms_gateway.usecases import keywords


class Keywords(Base):
    """What is answered to messages from phones by itself."""

    @rpc
    def list_sms_keywords(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_sms_keywords", keywords.list_sms_keywords, actor, payload)

    @rpc
    def create_sms_keyword(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_sms_keyword", keywords.create_sms_keyword, actor, payload)

    @rpc
    def get_sms_keyword(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_sms_keyword", keywords.get_sms_keyword, actor, payload)

    @rpc
    def update_sms_keyword(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_sms_keyword", keywords.update_sms_keyword, actor, payload)

    @rpc
    def delete_sms_keyword(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_sms_keyword", keywords.delete_sms_keyword, actor, payload)

    @rpc
    def get_stop_confirmation(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_stop_confirmation", keywords.get_stop_confirmation, actor, payload)

    @rpc
    def set_stop_confirmation(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_stop_confirmation", keywords.set_stop_confirmation, actor, payload)
