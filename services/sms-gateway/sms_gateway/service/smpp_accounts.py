"""Entrypoints: SMPP accounts."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from sms_gateway.service.base import Base
from sms_gateway.usecases import smpp_accounts


class SmppAccounts(Base):
    """What partners bind with."""

    @rpc
    def list_smpp_accounts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_smpp_accounts", smpp_accounts.list_smpp_accounts, actor, payload)

    @rpc
    def create_smpp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_smpp_account", smpp_accounts.create_smpp_account, actor, payload)

    @rpc
    def get_smpp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_smpp_account", smpp_accounts.get_smpp_account, actor, payload)

    @rpc
    def update_smpp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_smpp_account", smpp_accounts.update_smpp_account, actor, payload)

    @rpc
    def rotate_smpp_password(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("rotate_smpp_password", smpp_accounts.rotate_smpp_password, actor, payload)

    @rpc
    def delete_smpp_account(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_smpp_account", smpp_accounts.delete_smpp_account, actor, payload)

    @rpc
    def list_smpp_binds(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_smpp_binds", smpp_accounts.list_smpp_binds, actor, payload)
