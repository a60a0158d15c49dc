"""What the groups of entrypoints share."""

from __future__ import annotations

from channel import plain
from channel.service import QuotaLeases
from channel.single_sends import SingleSends
from chassis.service import Database, Entrypoints, OutboxRelay
from contracts.rcs_gateway import RPC
from contracts.vocabulary import Channel
from rcs_gateway.dependencies import VaultProvider


class Base(Entrypoints):
    calls = RPC
    database = Database("RCS_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("rcs")
    vault = VaultProvider()

    @property
    def single_sends(self) -> SingleSends:
        return SingleSends(self.database, self.leases, plain.storing(Channel.RCS, "rcs_gateway"))
