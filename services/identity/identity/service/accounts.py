"""Calls about accounts, plans and quotas."""

from __future__ import annotations

from chassis.service import rpc
from contracts.rpc import Actor
from identity.domain.actors import account_of
from identity.service.calls import Calls, Payload
from identity.usecases import accounts, closing, quotas


class AccountCalls(Calls):
    """Accounts, quotas."""

    @rpc
    def register_account(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("register_account", accounts.register, actor, payload)

    @rpc
    def get_account(self, actor: Actor, payload: Payload) -> Payload:
        return self._read("get_account", lambda session: accounts.get(session, account_id=account_of(actor)), payload)

    @rpc
    def update_account(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("update_account", accounts.update, actor, payload)

    @rpc
    def get_usage(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("get_usage", quotas.usage, actor, payload)

    @rpc
    def reserve_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("reserve_quota", quotas.reserve, actor, payload)

    @rpc
    def lease_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("lease_quota", quotas.lease, actor, payload)

    @rpc
    def use_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("use_quota", quotas.use, actor, payload)

    @rpc
    def release_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("release_quota", quotas.release, actor, payload)

    @rpc
    def check_limit(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("check_limit", quotas.check_limit, actor, payload)

    @rpc
    def request_closure(self, actor: Actor, payload: Payload) -> Payload:
        return self._hashing("request_closure", closing.request, actor, payload)
