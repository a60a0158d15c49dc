"""What is push's own about sending: for how long a message is of use, and devices that nobody hears of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from channel.outlets import Message
from channel.providers.outbound import ProviderOutbound, Sweep
from chassis.database import Session
from contracts.push_gateway.addresses import PUSH_ADDRESS
from contracts.vocabulary import Channel
from push_gateway.batches import PushMessage
from push_gateway.content.payloads import DEFAULT_TTL
from push_gateway.content.template import Template
from push_gateway.store import devices
from push_gateway.store.ledger import PushLedger

SHORTEST = timedelta(minutes=5)  # that even a message for now or never is tried: providers are away for moments
UNSEEN = timedelta(days=90)  # applications register at every start; a device that is nobody's goes after so long


class PushOutbound(ProviderOutbound):
    channel = Channel.PUSH
    ledger = PushLedger()
    kept_days = 41  # as long as the message log has push (decision 0099), and a day more
    template = Template
    make_message = PushMessage

    def sweeps(self) -> Sequence[Sweep]:
        return (_prune,)

    def is_address(self, address: str) -> bool:
        return PUSH_ADDRESS.match(address) is not None

    def lives(self, message: Message) -> timedelta:
        """As long as the provider would keep it for a device that is away."""
        ttl = message.chunk.batch.content.template.content.get("ttl_seconds")
        return max(timedelta(seconds=DEFAULT_TTL if ttl is None else ttl), SHORTEST)


def _prune(session: Session, now: datetime) -> int:
    return devices.prune(session, now - UNSEEN)
