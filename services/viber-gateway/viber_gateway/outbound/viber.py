"""What is Viber's own about sending: its outlet, what it reports, and what goes after a time."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from channel import reported_states
from channel.providers.outbound import ProviderOutbound, Sweep
from channel.providers.reports import Reports
from chassis.database import Database
from contracts.viber_gateway.messages import VIBER_ADDRESS
from contracts.vocabulary import Channel
from viber_gateway.batches import ViberMessage
from viber_gateway.content.template import Template
from viber_gateway.outbound.hook_setter import HookSetter
from viber_gateway.outbound.outlet import ViberOutlet
from viber_gateway.store import answers, subscribers
from viber_gateway.store.ledger import ViberLedger, apply_reports


class ViberOutbound(ProviderOutbound):
    channel = Channel.VIBER
    put_off = ("parked_reports",)
    parked = (reported_states.take_parked, apply_reports)
    template = Template
    make_message = ViberMessage

    def __init__(
        self, database: Database, outlet: ViberOutlet, ledger: ViberLedger, told: Reports, setter: HookSetter, *,
        first_wait: timedelta,
    ) -> None:  # fmt: skip
        super().__init__(database, outlet, first_wait=first_wait, told=told)
        self.ledger, self._setter = ledger, setter

    def beside(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (self._setter.run(),)

    def sweeps(self) -> Sequence[Sweep]:
        return (answers.INBOX.sweep, subscribers.forget_strangers)

    def is_address(self, address: str) -> bool:
        return VIBER_ADDRESS.match(address) is not None
