"""Roles: named sets of permissions."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import roles


class RoleCalls(IdentityEntrypoints):
    """Roles."""

    @rpc
    def list_roles(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_roles", roles.list_roles, actor, payload)

    @rpc
    def create_role(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_role", roles.create, actor, payload)

    @rpc
    def get_role(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_role", roles.get, actor, payload)

    @rpc
    def update_role(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_role", roles.update, actor, payload)

    @rpc
    def delete_role(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_role", roles.delete, actor, payload)
