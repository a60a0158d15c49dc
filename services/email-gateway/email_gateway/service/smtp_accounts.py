"""Entrypoints: SMTP accounts."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from email_gateway.service.base import Base
from email_gateway.usecases import smtp_accounts


class SmtpAccounts(Base):
    """What partners' servers log in with."""

    @rpc
    def create_smtp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_smtp_account", smtp_accounts.create_smtp_account, actor, payload, tools=self.tools)

    @rpc
    def list_smtp_accounts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_smtp_accounts", smtp_accounts.list_smtp_accounts, actor, payload)

    @rpc
    def get_smtp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_smtp_account", smtp_accounts.get_smtp_account, actor, payload)

    @rpc
    def update_smtp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_smtp_account", smtp_accounts.update_smtp_account, actor, payload)

    @rpc
    def rotate_smtp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("rotate_smtp_account", smtp_accounts.rotate_smtp_account, actor, payload)

    @rpc
    def delete_smtp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_smtp_account", smtp_accounts.delete_smtp_account, actor, payload)

    @rpc
    def list_blocked_addresses(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_blocked_addresses", smtp_accounts.list_blocked_addresses, actor, payload)

    @rpc
    def block_addresses(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("block_addresses", smtp_accounts.block_addresses, actor, payload, tools=self.tools)

    @rpc
    def unblock_address(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("unblock_address", smtp_accounts.unblock_address, actor, payload)
