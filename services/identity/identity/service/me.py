"""The user who asks; and the links by mail that confirm a new password or address."""

from __future__ import annotations

from chassis.service import Payload, event_handler, rpc
from contracts import events
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import links, me


class MeCalls(IdentityEntrypoints):
    """The user who asks."""

    @rpc
    def get_me(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_me", me.get_me, actor, payload)

    @rpc
    def update_me(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_me", me.update_me, actor, payload)

    @rpc
    def change_password(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("change_password", me.change_password, actor, payload, passwords=self.passwords)

    @rpc
    def request_password_reset(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("request_password_reset", links.request_password_reset, actor, payload)

    @rpc
    def reset_password(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("reset_password", links.reset_password, actor, payload, passwords=self.passwords)

    @rpc
    def get_password_reset(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_password_reset", links.look_at_reset, actor, payload)

    @rpc
    def get_invitation(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_invitation", links.look_at_invitation, actor, payload)

    @rpc
    def accept_invitation(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("accept_invitation", links.accept_invitation, actor, payload, passwords=self.passwords)

    @rpc
    def request_email_change(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "request_email_change",
            links.request_email_change,
            actor,
            payload,
            passwords=self.passwords,
            panel_url=self.panel_url,
        )

    @rpc
    def confirm_email_change(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("confirm_email_change", links.confirm_email_change, actor, payload)

    @event_handler(events.PASSWORD_RESET_REQUESTED)
    def send_password_reset(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            links.send_password_reset(session, now=self.clock.now(), panel_url=self.panel_url, asked=payload)
