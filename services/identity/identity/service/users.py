"""Calls about users, roles and what a user does with the own one."""

from __future__ import annotations

import time

import eventlet

from chassis.service import rpc
from contracts import identity as contract
from contracts.rpc import Actor
from contracts.schema import load
from identity.service.calls import Calls, Payload, answer
from identity.usecases import audit_trail, links, roles, users

RESET_SECONDS = 0.3


class UserCalls(Calls):
    """Users."""

    @rpc
    def get_me(self, actor: Actor, payload: Payload) -> Payload:
        return self._read("get_me", lambda session: users.get_me(session, actor), payload)

    @rpc
    def update_me(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("update_me", users.update_me, actor, payload)

    @rpc
    def change_password(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("change_password", users.change_password, actor, payload)

    @rpc
    def list_permissions(self, actor: Actor, payload: Payload) -> Payload:
        return answer("list_permissions", users.permissions())

    @rpc
    def list_users(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_users", users.list_users, actor, payload)

    @rpc
    def create_user(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("create_user", users.create_user, actor, payload)

    @rpc
    def get_user(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("get_user", users.get_user, actor, payload)

    @rpc
    def update_user(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("update_user", users.update_user, actor, payload)

    @rpc
    def delete_user(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("delete_user", users.delete_user, actor, payload)

    @rpc
    def set_rights(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("set_rights", users.set_rights, actor, payload)

    @rpc
    def list_audit_entries(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_audit_entries", audit_trail.list_entries, actor, payload)

    @rpc
    def list_roles(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_roles", roles.list_roles, actor, payload)

    @rpc
    def create_role(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("create_role", roles.create, actor, payload)

    @rpc
    def update_role(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("update_role", roles.update, actor, payload)

    @rpc
    def delete_role(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("delete_role", roles.delete, actor, payload)

    @rpc
    def request_password_reset(self, actor: Actor, payload: Payload) -> Payload:
        """Answers after the same time whether or not there is such a user."""
        request = load(contract.PasswordResetRequest, payload)
        ends = time.monotonic() + RESET_SECONDS
        links.request_password_reset(self.database, self.panel_url, actor, self.clock.now(), **request)
        eventlet.sleep(max(ends - time.monotonic(), 0))
        return {}

    @rpc
    def reset_password(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("reset_password", links.reset_password, actor, payload)

    @rpc
    def request_email_change(self, actor: Actor, payload: Payload) -> Payload:
        request = load(contract.EmailChange, payload)
        links.request_email_change(self.database, self.passwords, self.panel_url, actor, self.clock.now(), **request)
        return {}

    @rpc
    def confirm_email_change(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("confirm_email_change", links.confirm_email_change, actor, payload)
