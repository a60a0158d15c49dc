"""`python -m ott_gateway.outbound`."""

from __future__ import annotations

from datetime import timedelta

from channel.outbound import OutboundProcess
from channel.providers import http
from channel.providers.reports import Reports
from chassis.process import Process, boot
from chassis.secrets import Vault
from contracts.channel import CHANNELS
from contracts.lanes import OTT_REPORTS
from contracts.vocabulary import Channel
from ott_gateway.config import OutboundConfig
from ott_gateway.outbound.directory import Directory
from ott_gateway.outbound.outlet import WhatsappOutlet
from ott_gateway.outbound.template_reader import TemplateReader
from ott_gateway.outbound.whatsapp import WhatsappOutbound
from ott_gateway.wires import hooks
from ott_gateway.wires.whatsapp import MOST_OF_TEMPLATES, Whatsapp

POOL_SIZE = 6  # connections (contracts.connections)


def main(process: Process[OutboundConfig]) -> None:
    config = process.config
    process.relay_outbox()
    directory = Directory(process.database, Vault(config.secret_keys))

    def outbound() -> WhatsappOutbound:
        clients = (http.new_client(config.timeout), http.new_client(config.timeout, most=MOST_OF_TEMPLATES))
        whatsapp = Whatsapp(*clients, config.whatsapp_url, config.whatsapp_version)
        outlet = WhatsappOutlet(CHANNELS[Channel.WHATSAPP].lanes, directory, whatsapp, ahead=config.claim_ahead)
        every = timedelta(seconds=config.templates_seconds)
        reader = TemplateReader(process.database, directory, whatsapp, every, lambda: outlet.is_closing)
        first_wait = timedelta(seconds=config.retry_seconds)
        told = Reports(process.broker, Channel.WHATSAPP, OTT_REPORTS, hooks.read_report)
        return WhatsappOutbound(process.database, outlet, told, reader, first_wait=first_wait)

    OutboundProcess(process, outbound, linger=config.linger).run()


if __name__ == "__main__":
    boot(main, OutboundConfig, service="ott_gateway", name="outbound", pool_size=POOL_SIZE)
