"""Users of an account and their rights."""

from __future__ import annotations

from typing import Any

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import members, users


class UserCalls(IdentityEntrypoints):
    """Users."""

    def secrets(self) -> dict[str, Any]:
        """What a first or new password takes besides."""
        return {"passwords": self.passwords, "panel_url": self.panel_url}

    @rpc
    def list_users(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_users", users.list_users, actor, payload)

    @rpc
    def create_user(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("create_user", users.create_user, actor, payload, **self.secrets())

    @rpc
    def get_user(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_user", users.get_user, actor, payload)

    @rpc
    def update_user(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_user", users.update_user, actor, payload)

    @rpc
    def check_login(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("check_login", users.check_login, actor, payload)

    @rpc
    def delete_user(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_user", users.delete_user, actor, payload)

    @rpc
    def set_rights(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_rights", users.set_rights, actor, payload)

    @rpc
    def invite_user_again(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("invite_user_again", members.invite_again, actor, payload, panel_url=self.panel_url)

    @rpc
    def reset_user_password(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("reset_user_password", members.reset_password, actor, payload, **self.secrets())

    @rpc
    def reset_user_second_factor(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("reset_user_second_factor", members.reset_second_factor, actor, payload)

    @rpc
    def list_user_sessions(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_user_sessions", members.list_sessions, actor, payload, life=self.session_life)

    @rpc
    def end_user_session(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("end_user_session", members.end_session, actor, payload)

    @rpc
    def end_user_sessions(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("end_user_sessions", members.end_sessions, actor, payload)
