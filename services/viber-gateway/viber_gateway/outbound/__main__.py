"""`python -m viber_gateway.outbound`."""

from __future__ import annotations

from datetime import timedelta

from channel.outbound import OutboundProcess
from channel.providers import http
from channel.providers.reports import Reports
from chassis.process import Process, boot
from chassis.secrets import Vault
from contracts.channel import CHANNELS
from contracts.lanes import VIBER_REPORTS
from contracts.vocabulary import Channel
from viber_gateway.config import OutboundConfig
from viber_gateway.outbound.directory import Directory
from viber_gateway.outbound.hook_setter import HookSetter
from viber_gateway.outbound.outlet import ViberOutlet
from viber_gateway.outbound.viber import ViberOutbound
from viber_gateway.store.ledger import ViberLedger
from viber_gateway.wires import hooks
from viber_gateway.wires.viber import Viber

POOL_SIZE = 6  # connections (contracts.connections)


def main(process: Process[OutboundConfig]) -> None:
    config, vault = process.config, Vault(process.config.secret_keys)
    process.relay_outbox()
    directory = Directory(process.database, vault)

    def outbound() -> ViberOutbound:
        viber = Viber(http.new_client(config.timeout), http.new_client(config.timeout), config.url)
        outlet = ViberOutlet(CHANNELS[Channel.VIBER].lanes, directory, viber, ahead=config.claim_ahead)
        setter = HookSetter(process.database, directory, viber, config.public_url, lambda: outlet.is_closing)
        told = Reports(process.broker, Channel.VIBER, VIBER_REPORTS, hooks.read_report)
        first_wait = timedelta(seconds=config.retry_seconds)
        return ViberOutbound(process.database, outlet, ViberLedger(vault), told, setter, first_wait=first_wait)

    OutboundProcess(process, outbound, linger=config.linger).run()


if __name__ == "__main__":
    boot(main, OutboundConfig, service="viber_gateway", name="outbound", pool_size=POOL_SIZE)
