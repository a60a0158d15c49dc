"""`python -m sms_gateway.outbound`."""

from __future__ import annotations

from channel.outbound import OutboundProcess
from chassis.backlogs import age_of, count_of
from chassis.process import Process, boot
from chassis.secrets import Vault
from contracts.short_codes import Codes
from sms_gateway.config import OutboundConfig
from sms_gateway.outbound.carrier_settings import SettingsReader
from sms_gateway.outbound.reports import Reports
from sms_gateway.outbound.sms import SmsOutbound

POOL_SIZE = 6  # connections (contracts.connections)

# Single rows are asked for by id or by index; a sequential scan of a partition is always the wrong plan.
PLANNER = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
}


BACKLOGS = (
    count_of("wici_sms_receipts_parked", "Receipts whose message is not known yet, or never was", "parked_receipts"),
    age_of(
        "wici_sms_receipts_parked_seconds",
        "Age of the oldest receipt whose message is not known",
        "received_at",
        "parked_receipts",
    ),
    count_of("wici_sms_unknown", "Messages handed over of which the carrier has said nothing", "unknown_messages"),
)


def main(process: Process[OutboundConfig]) -> None:
    config = process.config
    process.backlogs.add(*BACKLOGS)
    settings = SettingsReader(Vault(config.secret_keys), config.public_url, config.carrier_networks())

    def outbound() -> SmsOutbound:
        return SmsOutbound(
            process.database,
            settings,
            Codes(config.link_key),
            Reports(process.broker),
            claim_ahead=config.claim_ahead,
            bulk_prefetch=config.bulk_prefetch,
            unmatched_after=config.unmatched_after,
        )

    OutboundProcess(process, outbound, linger=config.linger).run()


if __name__ == "__main__":
    boot(main, OutboundConfig, service="sms_gateway", name="outbound", pool_size=POOL_SIZE, settings=PLANNER)
