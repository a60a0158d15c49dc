"""What the groups of entrypoints share."""

from __future__ import annotations

from channel.service import QuotaLeases
from channel.single_sends import SingleSends
from chassis.service import Database, Entrypoints, OutboxRelay
from contracts.email_gateway import RPC
from email_gateway.dependencies import EmailTools
from email_gateway.usecases import messages


class Base(Entrypoints):
    calls = RPC
    database = Database("EMAIL_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("email")
    tools = EmailTools()

    @property
    def single_sends(self) -> SingleSends:
        return SingleSends(self.database, self.leases, messages.store_sends)
