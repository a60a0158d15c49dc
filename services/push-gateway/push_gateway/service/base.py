"""What the groups of entrypoints share."""

from __future__ import annotations

from channel import plain
from channel.service import QuotaLeases
from channel.single_sends import SingleSends
from chassis.service import Database, Entrypoints, OutboxRelay
from contracts.push_gateway import RPC
from contracts.vocabulary import Channel
from push_gateway.dependencies import PushTools


class Base(Entrypoints):
    calls = RPC
    database = Database("PUSH_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("push")
    tools = PushTools()

    @property
    def single_sends(self) -> SingleSends:
        return SingleSends(self.database, self.leases, plain.storing(Channel.PUSH, "push_gateway"))
