"""The second factor: a user's own, and the account's rules for it."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import second_factor


class SecondFactorCalls(IdentityEntrypoints):
    """The second factor."""

    @rpc
    def begin_totp(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("begin_totp", second_factor.begin, actor, payload, vault=self.vault)

    @rpc
    def confirm_totp(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("confirm_totp", second_factor.confirm, actor, payload, vault=self.vault)

    @rpc
    def renew_recovery_codes(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("renew_recovery_codes", second_factor.renew_codes, actor, payload, vault=self.vault)

    @rpc
    def disable_totp(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("disable_totp", second_factor.disable, actor, payload, vault=self.vault)

    @rpc
    def reset_second_factor(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("reset_second_factor", second_factor.reset, actor, payload)

    @rpc
    def get_security(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_security", second_factor.get_settings, actor, payload)

    @rpc
    def set_security(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_security", second_factor.set_settings, actor, payload)
