"""Accounts: registered, read, changed and closed."""

from __future__ import annotations

from typing import Any

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import accounts, closing, suspension, trial


class AccountCalls(IdentityEntrypoints):
    """Accounts, as their holders and as operators ask."""

    def registration(self) -> dict[str, Any]:
        """What registering takes besides."""
        return {"passwords": self.passwords, "panel_url": self.panel_url, "on_trial": self.begins_on_trial}

    @rpc
    def register_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("register_account", accounts.register, actor, payload, **self.registration())

    @rpc
    def get_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_account", accounts.get, actor, payload)

    @rpc
    def update_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_account", accounts.update, actor, payload)

    @rpc
    def request_closure(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("request_closure", closing.request, actor, payload, passwords=self.passwords)

    @rpc
    def withdraw_closure(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("withdraw_closure", closing.withdraw, actor, payload)

    @rpc
    def list_accounts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_accounts", accounts.list_accounts, actor, payload)

    @rpc
    def get_operated_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_operated_account", accounts.get_operated, actor, payload)

    @rpc
    def set_plan(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_plan", accounts.set_plan, actor, payload)

    @rpc
    def set_vat_number(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_vat_number", accounts.set_vat_number, actor, payload)

    @rpc
    def end_trial(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("end_trial", trial.end, actor, payload)

    @rpc
    def suspend_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("suspend_account", suspension.suspend, actor, payload)

    @rpc
    def lift_suspension(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("lift_suspension", suspension.lift, actor, payload)

    @rpc
    def close_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("close_account", closing.close, actor, payload)
