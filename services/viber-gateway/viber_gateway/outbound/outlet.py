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
from viber_gateway.batches import ViberMessage
from viber_gateway.content import payloads
from viber_gateway.domain import codes
from viber_gateway.outbound.directory import Directory, Found
from viber_gateway.wires.viber import Viber

NO_SENDER = "viber_bot.unknown"


class ViberOutlet(ProviderOutlet):
    """:param ahead: how many messages may be claimed and not settled, of all lanes together."""

    def __init__(self, lanes: Sequence[Lane], directory: Directory, viber: Viber, *, ahead: int) -> None:
        super().__init__(lanes, "viber", ahead=ahead)
        self._directory, self._viber, self._places = directory, viber, Places()

    async def look_up(self, group: Sequence[ViberMessage]) -> Found:
        content = group[0].chunk.batch.content
        contact_ids = {message.recipient["address"] for message in group}
        return await asyncio.to_thread(self._directory.look_up, content, contact_ids)

    async def answer(self, message: ViberMessage, found: Found) -> Answer | None:
        account, template = found.account, message.chunk.batch.content.template
        if account is None:
            return Answer(Verdict.REFUSED, NO_SENDER)
        person = found.people.get(message.recipient["address"])
        if person is None:
            return Answer(Verdict.REFUSED, codes.NO_SUBSCRIBER)
        try:
            text = template.render(message.recipient.get("fields") or {})
        except RenderFailed as failed:
            return Answer(Verdict.REFUSED, failed.code)
        body = payloads.message(
            template.content, text, to=person.viber_id, title=account.title, message_id=message.message_id
        )

        async def request(place: Place) -> Answer:
            answer, message.token = await self._viber.send(account.auth_token, body, place)
            return answer

        answer = await self.ask(message, account, self._places, request)
        if answer is not None and answer.verdict is Verdict.GONE:
            message.gone = person
        return answer
