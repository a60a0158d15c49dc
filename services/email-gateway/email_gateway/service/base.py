"""What the groups of entrypoints share."""

from __future__ import annotations

from channel.service import QuotaLeases
from channel.single_sends import SingleSends
from chassis.service import Database, Entrypoints, OutboxRelay, Payload
from contracts.email_gateway import RPC
from contracts.rpc import Actor
from email_gateway.dependencies import EmailTools
from email_gateway.usecases import messages


class Base(Entrypoints):
    calls = RPC
    database = Database("EMAIL_GATEWAY_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("email")
    tools = EmailTools()

    def account_of(self, actor: Actor) -> Payload:
        """`contracts.identity.accounts.Account`, asked now."""
        account: Payload = self.services.call("identity.get_account", actor, {}, deadline=5.0)
        return account

    @property
    def single_sends(self) -> SingleSends:
        return SingleSends(self.database, self.leases, messages.store_requests)
