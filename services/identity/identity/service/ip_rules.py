"""IP rules: which addresses may use an account."""

from __future__ import annotations

from nameko.timer import timer

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import ip_rules

TELL_SECONDS = 60


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

    @timer(interval=TELL_SECONDS)
    def tell_untold_ip_rules(self) -> None:
        has_more = True
        while has_more:
            with self.database.transaction() as session:
                has_more = ip_rules.tell_untold(session)
