"""What the groups of entrypoints share."""

from __future__ import annotations

from channel.service import QuotaLeases
from channel.single_sends import SingleSends
from chassis.service import Database, Entrypoints, OutboxRelay
from chassis.vaults import VaultProvider
from contracts.sms_gateway import RPC
from sms_gateway.dependencies import ShortLinkUrl, SystemSender
from sms_gateway.usecases import messages


class Base(Entrypoints):
    calls = RPC
    database = Database("SMS_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("sms")
    vault = VaultProvider()
    system_sender = SystemSender()
    short_link_url = ShortLinkUrl()

    @property
    def single_sends(self) -> SingleSends:
        return SingleSends(self.database, self.leases, messages.storing(self.clock.now))
