"""IP rules: which addresses may use an account."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import ip_rules


class IpRuleCalls(IdentityEntrypoints):
    """IP rules."""

    @rpc
    def get_ip_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_ip_rules", ip_rules.get, actor, payload)

    @rpc
    def set_ip_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_ip_rules", ip_rules.set_rules, actor, payload)

    @rpc
    def reset_ip_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("reset_ip_rules", ip_rules.reset, actor, payload)
