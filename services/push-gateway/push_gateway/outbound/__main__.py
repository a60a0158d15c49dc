"""`python -m push_gateway.outbound`."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from channel.outbound import OutboundProcess
from channel.providers import http
from chassis.process import Process, boot
from chassis.secrets import Vault
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel
from push_gateway.config import OutboundConfig
from push_gateway.outbound.directory import Directory
from push_gateway.outbound.outlet import PushOutlet
from push_gateway.outbound.push import PushOutbound
from push_gateway.outbound.sending import OpenLinks, Senders
from push_gateway.wires.apns import Apns
from push_gateway.wires.fcm import Fcm
from push_gateway.wires.web import Web

POOL_SIZE = 6  # connections (contracts.connections)


def main(process: Process[OutboundConfig]) -> None:
    config = process.config
    process.relay_outbox()
    directory = Directory(process.database, Vault(config.secret_keys), config.contact)
    links = OpenLinks(config.public_url, config.link_key)

    def outbound() -> PushOutbound:
        new_client = partial(http.new_client, config.timeout)  # each provider's connections are its own
        senders = Senders(
            Fcm(new_client(), new_client(), config.fcm_url, config.fcm_token_url),
            Apns(new_client(only_http2=True), config.apns_url, config.apns_sandbox_url),
            Web(new_client()),
            config.web_hosts,
        )
        lanes = CHANNELS[Channel.PUSH].lanes
        outlet = PushOutlet(lanes, directory, senders, links, ahead=config.claim_ahead)
        return PushOutbound(process.database, outlet, first_wait=timedelta(seconds=config.retry_seconds))

    OutboundProcess(process, outbound, linger=config.linger).run()


if __name__ == "__main__":
    boot(main, OutboundConfig, service="push_gateway", name="outbound", pool_size=POOL_SIZE)
