"""Calls about users, roles and what a user does with the own one."""

from __future__ import annotations

from chassis.service import event_handler, rpc
from contracts import events
from contracts import identity as contract
from contracts.rpc import Actor
from identity.service.calls import Calls, Payload
from identity.usecases import audit_trail, links, roles, users


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

    @event_handler(events.CONTACTS_ACT)
    @event_handler(events.CAMPAIGNS_ACT)
    @event_handler(events.SMS_GATEWAY_ACT)
    @event_handler(events.EMAIL_GATEWAY_ACT)
    def record_act(self, payload: Payload) -> None:
        """May run twice: the event's id is the entry's."""
        with self.database.transaction() as session:
            audit_trail.keep(session, payload)

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
        return self._change("request_password_reset", links.request_password_reset, actor, payload)

    @event_handler(events.PASSWORD_RESET_REQUESTED)
    def send_password_reset(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            links.send_password_reset(session, self.panel_url, self.clock.now(), payload)

    @rpc
    def reset_password(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("reset_password", links.reset_password, actor, payload)

    @rpc
    def request_email_change(self, actor: Actor, payload: Payload) -> Payload:
        request = contract.RPC["request_email_change"].load(payload)
        links.request_email_change(self.database, self.passwords, self.panel_url, actor, self.clock.now(), **request)
        return {}

    @rpc
    def confirm_email_change(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("confirm_email_change", links.confirm_email_change, actor, payload)
