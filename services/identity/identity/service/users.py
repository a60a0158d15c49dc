"""Users of an account and their rights."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import users


class UserCalls(IdentityEntrypoints):
    """Users."""

    @rpc
    def list_users(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_users", users.list_users, actor, payload)

    @rpc
    def create_user(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("create_user", users.create_user, actor, payload, passwords=self.passwords)

    @rpc
    def get_user(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_user", users.get_user, actor, payload)

    @rpc
    def update_user(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_user", users.update_user, actor, payload)

    @rpc
    def delete_user(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_user", users.delete_user, actor, payload)

    @rpc
    def set_rights(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_rights", users.set_rights, actor, payload)
