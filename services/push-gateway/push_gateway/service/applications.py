"""Entrypoints: applications."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from push_gateway.service.base import Base
from push_gateway.usecases import applications


class Applications(Base):
    """What pushes are from."""

    @rpc
    def list_applications(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_applications", applications.list_applications, actor, payload)

    @rpc
    def create_application(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_application", applications.create_application, actor, payload, tools=self.tools)

    @rpc
    def get_application(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_application", applications.get_application, actor, payload)

    @rpc
    def update_application(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_application", applications.update_application, actor, payload, tools=self.tools)

    @rpc
    def rotate_proof_key(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("rotate_proof_key", applications.rotate_proof_key, actor, payload, tools=self.tools)

    @rpc
    def delete_application(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_application", applications.delete_application, actor, payload)
