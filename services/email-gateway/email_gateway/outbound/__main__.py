"""`python -m email_gateway.outbound`."""

from __future__ import annotations

from datetime import timedelta

from channel.outbound import OutboundProcess
from chassis.process import Process, boot
from chassis.secrets import Vault
from email_gateway.config import OutboundConfig
from email_gateway.domain.mailroom import SoftRule
from email_gateway.outbound.blobs import reader
from email_gateway.outbound.composer_processes import ComposingProcesses
from email_gateway.outbound.email import PREFETCH, EmailOutbound
from email_gateway.outbound.mail_outlet import MailOutlet
from email_gateway.outbound.routing import Router
from email_gateway.smtp.pool import Pool

POOL_SIZE = 6  # connections (contracts.connections)


def main(process: Process[OutboundConfig]) -> None:
    config = process.config
    router = Router(config, process.database, Vault(config.secret_keys))
    router.refresh()
    composing = ComposingProcesses(config.workers)
    process.relay_outbox()

    def outbound() -> EmailOutbound:
        pool = Pool(router.destination)
        outlet = MailOutlet(
            tuple(PREFETCH),
            pool,
            composing,
            reader(process.database),
            router,
            window=config.window,
            chunk=config.chunk,
            workers=config.workers,
        )
        retry_base = timedelta(seconds=config.retry_base_seconds)
        soft = SoftRule(config.soft_times, config.soft_days)
        return EmailOutbound(process.database, router, pool, outlet, retry_base=retry_base, soft=soft)

    try:
        OutboundProcess(process, outbound, linger=config.linger).run()
    finally:
        router.pools.close()
        composing.close()


if __name__ == "__main__":
    boot(main, OutboundConfig, service="email_gateway", name="outbound", pool_size=POOL_SIZE)
