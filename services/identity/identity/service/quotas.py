"""Quotas: set aside, used, given back, and what was used."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import quotas, trial


class QuotaCalls(IdentityEntrypoints):
    """Quotas and usage."""

    @rpc
    def reserve_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("reserve_quota", quotas.reserve, actor, payload)

    @rpc
    def lease_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("lease_quota", quotas.lease, actor, payload)

    @rpc
    def use_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("use_quota", quotas.use, actor, payload)

    @rpc
    def release_quota(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("release_quota", quotas.release, actor, payload)

    @rpc
    def check_limit(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("check_limit", quotas.check_limit, actor, payload)

    @rpc
    def get_standing(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_standing", trial.get_standing, actor, payload)

    @rpc
    def get_usage(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_usage", quotas.get_usage, actor, payload)

    @rpc
    def list_past_usage(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_past_usage", quotas.list_past_usage, actor, payload)
