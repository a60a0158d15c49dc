"""`python -m email_gateway.submission`."""

from __future__ import annotations

import asyncio

from channel.quota_leases import LeaseKeeper
from channel.single_sends import SingleSends
from chassis import seals
from chassis.certificates import LOOK_SECONDS, Certificates
from chassis.config import ConfigError
from chassis.health import Pulse
from chassis.process import Process, boot
from chassis.rpc_client import RpcClient
from email_gateway.config import SubmissionConfig
from email_gateway.submission.add_ons import AddOns
from email_gateway.submission.certificates import self_signed
from email_gateway.submission.door import Door
from email_gateway.submission.intake import Intake
from email_gateway.usecases.submissions import store_submissions

POOL_SIZE = 8  # connections (contracts.connections): look-ups, transactions, leases, relay, health


def main(process: Process[SubmissionConfig]) -> None:
    certificates = _certificates(process.config)
    client = RpcClient(process.broker, seals.passed_on)
    keeper = LeaseKeeper(process.database, "email", client.call)
    relay = process.relay_outbox()
    intake = Intake(SingleSends(process.database, keeper, store_submissions), relay.poke)
    process.background(keeper.run, "quota-leases")
    process.background(intake.run, "intake")
    if process.config.submission_certificate:  # one for development has no file any more
        process.every(LOOK_SECONDS, certificates.look, "certificate")
    door = Door(process.config, process.database, certificates, intake, AddOns(client.call))
    asyncio.run(_serve(process, door))
    keeper.wake()


async def _serve(process: Process[SubmissionConfig], door: Door) -> None:
    await door.open()
    process.checks["loop"] = Pulse(asyncio.get_running_loop()).check
    await asyncio.to_thread(process.stop.wait)
    await door.close()


def _certificates(config: SubmissionConfig) -> Certificates:
    """:raises ConfigError: there is no certificate, and it is no development."""
    if config.submission_certificate and config.submission_key:
        try:
            return Certificates(config.certificate_path, config.key_path)
        except OSError as error:
            raise ConfigError(f"EMAIL_SUBMISSION_CERTIFICATE and _KEY cannot be used: {error}") from None
    if not config.is_development:
        raise ConfigError("EMAIL_SUBMISSION_CERTIFICATE and EMAIL_SUBMISSION_KEY are missing")
    return self_signed(config.submission_name)


if __name__ == "__main__":
    boot(main, SubmissionConfig, service="email_gateway", name="submission", pool_size=POOL_SIZE)
