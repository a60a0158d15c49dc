"""`python -m reporting.webhooks`: any number may run; one of them hears of events, all of them send."""

from __future__ import annotations

from chassis.process import Process, boot
from chassis.secrets import Vault
from reporting.config import WebhooksConfig
from reporting.webhooks.hearing import Hearing
from reporting.webhooks.sending import THREADS, Sender
from reporting.webhooks.telling import Telling
from reporting.webhooks.upkeep import EVERY_SECONDS, Upkeep

POOL_SIZE = THREADS + 3  # connections (contracts.connections): those that send, hear, tell, and upkeep


def main(process: Process[WebhooksConfig]) -> None:
    config = process.config
    vault = Vault(config.secret_keys)
    sender = Sender(process.database, vault, allowed=config.allowed_networks(), slots=config.slots)
    telling = Telling(process.database)
    hearing = Hearing(
        process.database, process.broker, vault, prefetch=config.prefetch, notice_seconds=config.notice_seconds,
        on_heard=telling.wake,
    )  # fmt: skip
    process.checks |= {
        "hearing": hearing.progress.check, "telling": telling.progress.check, "sending": sender.progress.check
    }  # fmt: skip
    process.background(hearing.run, "hearing")
    process.background(telling.run, "telling")
    process.every(EVERY_SECONDS, Upkeep(process.database, days=config.log_days).step, "upkeep")
    sender.run(process.stop)


if __name__ == "__main__":
    boot(main, WebhooksConfig, service="reporting", name="webhooks", pool_size=POOL_SIZE)
