"""What is WhatsApp's own about sending: its outlet, what it reports, and what goes after a time."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from channel import reported_states
from channel.providers.outbound import ProviderOutbound, Sweep
from channel.providers.reports import Reports
from chassis.database import Database
from contracts.vocabulary import Channel
from ott_gateway.batches import WhatsappMessage
from ott_gateway.content.template import Template
from ott_gateway.outbound.outlet import WhatsappOutlet
from ott_gateway.outbound.template_reader import TemplateReader
from ott_gateway.store import answers
from ott_gateway.store.ledger import OttLedger, apply_reports

_IS_PHONE = re.compile(r"\+[1-9][0-9]{6,14}\Z").match  # E.164


class WhatsappOutbound(ProviderOutbound):
    channel = Channel.WHATSAPP
    ledger = OttLedger()
    put_off = ("parked_reports",)
    parked = (reported_states.take_parked, apply_reports)
    template = Template
    make_message = WhatsappMessage

    def __init__(
        self, database: Database, outlet: WhatsappOutlet, told: Reports, reader: TemplateReader, *,
        first_wait: timedelta,
    ) -> None:  # fmt: skip
        super().__init__(database, outlet, first_wait=first_wait, told=told)
        self._reader = reader

    def beside(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (self._reader.run(),)

    def sweeps(self) -> Sequence[Sweep]:
        return (answers.forget_closed, answers.INBOX.sweep)

    def is_address(self, address: str) -> bool:
        return _IS_PHONE(address) is not None
