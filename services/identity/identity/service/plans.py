"""Plans: listed, made and changed."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import plans


class PlanCalls(IdentityEntrypoints):
    """Plans."""

    @rpc
    def list_plans(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_plans", plans.list_plans, actor, payload)

    @rpc
    def list_all_plans(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_all_plans", plans.list_all_plans, actor, payload)

    @rpc
    def create_plan(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_plan", plans.create, actor, payload)

    @rpc
    def update_plan(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_plan", plans.update, actor, payload)
