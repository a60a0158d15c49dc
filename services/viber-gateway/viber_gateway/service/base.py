"""What the groups of entrypoints share."""

from __future__ import annotations

from channel.service import QuotaLeases
from chassis.service import Database, Entrypoints, OutboxRelay
from chassis.vaults import VaultProvider
from contracts.viber_gateway import RPC


class Base(Entrypoints):
    calls = RPC
    database = Database("VIBER_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("viber")
    vault = VaultProvider()
