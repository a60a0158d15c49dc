"""`python -m rcs_gateway.outbound`."""

from __future__ import annotations

from datetime import timedelta

from channel.outbound import OutboundProcess
from channel.providers import http
from channel.providers.google import GoogleTokens
from channel.providers.reports import Reports
from chassis.process import Process, boot
from chassis.secrets import Vault
from contracts.channel import CHANNELS
from contracts.lanes import RCS_REPORTS
from contracts.vocabulary import Channel
from rcs_gateway.batches import arrived
from rcs_gateway.config import OutboundConfig
from rcs_gateway.outbound.directory import Directory
from rcs_gateway.outbound.outlet import RcsOutlet
from rcs_gateway.outbound.rcs import RcsOutbound
from rcs_gateway.wires.rbm import PROVIDER, SCOPE, Rbm

POOL_SIZE = 6  # connections (contracts.connections)


def main(process: Process[OutboundConfig]) -> None:
    config = process.config
    process.relay_outbox()
    directory = Directory(process.database, Vault(config.secret_keys))

    def outbound() -> RcsOutbound:
        tokens = GoogleTokens(http.new_client(config.timeout), config.token_url, SCOPE, PROVIDER)
        rbm = Rbm(http.new_client(config.timeout), tokens, config.url)
        outlet = RcsOutlet(CHANNELS[Channel.RCS].lanes, directory, rbm, ahead=config.claim_ahead)
        first_wait = timedelta(seconds=config.retry_seconds)
        told = Reports(process.broker, Channel.RCS, RCS_REPORTS, arrived)
        return RcsOutbound(process.database, outlet, directory, told, first_wait=first_wait)

    OutboundProcess(process, outbound, linger=config.linger).run()


if __name__ == "__main__":
    boot(main, OutboundConfig, service="rcs_gateway", name="outbound", pool_size=POOL_SIZE)
