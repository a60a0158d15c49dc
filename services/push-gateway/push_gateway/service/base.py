"""What the groups of entrypoints share."""

from __future__ import annotations

from channel.service import QuotaLeases
from chassis.service import Database, Entrypoints, OutboxRelay
from contracts.push_gateway import RPC
from push_gateway.dependencies import PushTools


class Base(Entrypoints):
    calls = RPC
    database = Database("PUSH_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("push")
    tools = PushTools()
