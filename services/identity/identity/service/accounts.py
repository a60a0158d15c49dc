"""Accounts: registered, read, changed and closed."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import accounts, closing


class AccountCalls(IdentityEntrypoints):
    """Accounts, as their holders and as operators ask."""

    @rpc
    def register_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("register_account", accounts.register, actor, payload, passwords=self.passwords)

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
    def close_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("close_account", closing.close, actor, payload)
