"""The outlet: one request a message, many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from channel.field_templates import RenderFailed
from channel.providers.answers import Answer, Verdict
from channel.providers.http import Place
from channel.providers.outlet import ProviderOutlet
from channel.providers.places import Places
from contracts.vocabulary import Lane
from ott_gateway.batches import WhatsappMessage
from ott_gateway.content import payloads
from ott_gateway.domain import codes
from ott_gateway.outbound.directory import Directory, Found
from ott_gateway.wires.whatsapp import Whatsapp

NO_SENDER = "whatsapp_sender.unknown"
WINDOW_CLOSED = codes.code_of(codes.WINDOW_CLOSED)  # the word of WhatsApp, which is not asked for it


class WhatsappOutlet(ProviderOutlet):
    """:param ahead: how many messages may be claimed and not settled, of all lanes together."""

    def __init__(self, lanes: Sequence[Lane], directory: Directory, whatsapp: Whatsapp, *, ahead: int) -> None:
        super().__init__(lanes, "whatsapp", ahead=ahead)
        self._directory, self._whatsapp, self._places = directory, whatsapp, Places()

    async def look_up(self, group: Sequence[WhatsappMessage]) -> Found:
        content = group[0].chunk.batch.content
        phones = {message.recipient["address"] for message in group}
        return await asyncio.to_thread(self._directory.look_up, content, phones)

    async def answer(self, message: WhatsappMessage, found: Found) -> Answer | None:
        account, template = found.account, message.chunk.batch.content.template
        if account is None:
            return Answer(Verdict.REFUSED, NO_SENDER)
        if found.refusal is not None:
            return Answer(Verdict.REFUSED, found.refusal)
        phone = message.recipient["address"]
        if not template.uses_template and phone not in found.open_for:
            return Answer(Verdict.REFUSED, WINDOW_CLOSED)
        try:
            rendered = template.render(message.recipient.get("fields") or {})
        except RenderFailed as failed:
            return Answer(Verdict.REFUSED, failed.code)
        body = payloads.message(template.content, rendered, to=phone, message_id=message.message_id)

        async def request(place: Place) -> Answer:
            answer, message.wamid = await self._whatsapp.send(account, body, place)
            return answer

        return await self.ask(message, account, self._places, request)
