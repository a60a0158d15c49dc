"""What the groups of entrypoints share."""

from __future__ import annotations

from channel import plain
from channel.service import QuotaLeases
from channel.single_sends import SingleSends
from chassis.service import Database, Entrypoints, OutboxRelay
from contracts.ott_gateway import RPC
from contracts.vocabulary import Channel
from ott_gateway.dependencies import OttTools


class Base(Entrypoints):
    calls = RPC
    database = Database("OTT_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("whatsapp")
    tools = OttTools()

    @property
    def single_sends(self) -> SingleSends:
        return SingleSends(self.database, self.leases, plain.storing(Channel.WHATSAPP, "ott_gateway"))
