"""Entrypoints about custom fields."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import fields, needed
from contracts.rpc import Actor


class Fields(Base):
    @rpc
    def list_fields(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_fields", fields.list_fields, actor, payload)

    @rpc
    def create_field(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_field", fields.create, actor, payload)

    @rpc
    def get_field(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_field", fields.get, actor, payload)

    @rpc
    def update_field(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("update_field", needed.update_field, actor, payload, call=self.services.call)

    @rpc
    def delete_field(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "delete_field", needed.delete, actor, payload, call=self.services.call, noun=needed.FIELD
        )

    @rpc
    def check_fields(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("check_fields", fields.unknown, actor, payload)
