"""What the groups of entrypoints share."""

from __future__ import annotations

from channel import plain
from channel.service import QuotaLeases
from channel.single_sends import SingleSends
from chassis.service import Database, Entrypoints, OutboxRelay
from contracts.viber_gateway import RPC
from contracts.vocabulary import Channel
from viber_gateway.dependencies import ViberTools


class Base(Entrypoints):
    calls = RPC
    database = Database("VIBER_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("viber")
    tools = ViberTools()

    @property
    def single_sends(self) -> SingleSends:
        return SingleSends(self.database, self.leases, plain.storing(Channel.VIBER, "viber_gateway"))
