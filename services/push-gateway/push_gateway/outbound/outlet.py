"""The outlet of push: each message to all the devices of its address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from channel.field_templates import RenderFailed
from channel.providers.answers import Answer, Verdict
from channel.providers.http import Place
from channel.providers.outlet import ProviderOutlet
from channel.providers.places import Places
from contracts.push_gateway.devices import Platform
from contracts.vocabulary import Lane, MessageState
from push_gateway.batches import PushMessage, Target
from push_gateway.domain.answers import outcome_of
from push_gateway.outbound.directory import Credentials, Directory
from push_gateway.outbound.sending import Composition, OpenLinks, Senders

_HAS_LEFT = frozenset({Verdict.ACCEPTED, Verdict.UNKNOWN})

NO_TARGET = "push.device_invalid"

Found = tuple[Credentials | None, Mapping[str, Sequence[Target]]]


class PushOutlet(ProviderOutlet):
    def __init__(
        self, lanes: Sequence[Lane], directory: Directory, senders: Senders, links: OpenLinks, *, ahead: int
    ) -> None:
        super().__init__(lanes, "push", ahead=ahead)
        self._directory, self._senders, self._links = directory, senders, links
        self._places = {platform: Places() for platform in Platform}

    async def look_up(self, group: Sequence[PushMessage]) -> Found:
        """The application's credentials, and the devices at each address."""
        content = group[0].chunk.batch.content
        addresses = {message.recipient["address"] for message in group}
        return await asyncio.to_thread(self._directory.look_up, content.account_id, content.sender, addresses)

    async def conclude(self, message: PushMessage, found: Found) -> bool:
        """Send to each device, and make one outcome of their answers."""
        credentials, devices = found
        if credentials is None:
            message.state, message.code, message.at = MessageState.REJECTED, "application.unknown", time.time()
            return True
        targets = devices.get(message.recipient["address"], [])
        composition = Composition(message, message.chunk.batch.content, self._links.of(message))
        asked = [self._answer(message, credentials, composition, target) for target in targets]
        answers: list[Answer | None] = await asyncio.gather(*asked)
        known = [answer for answer in answers if answer is not None]
        if len(known) < len(answers) and not any(answer.verdict in _HAS_LEFT for answer in known):
            return False
        message.dead = [
            target
            for target, one in zip(targets, answers, strict=True)
            if one is not None and one.verdict is Verdict.GONE
        ]
        self.end(message, outcome_of(known, message.header.lane))
        return True

    async def _answer(
        self, message: PushMessage, credentials: Credentials, composition: Composition, target: Target
    ) -> Answer | None:
        async def request(place: Place) -> Answer:
            try:
                return await self._senders.send(credentials, composition.of(target), target, place)
            except RenderFailed as failed:  # in this language or for this platform; the other devices get theirs
                return Answer(Verdict.REFUSED, failed.code)

        try:
            places, whom = self._places[Platform(target.platform)], credentials.whom(target)
        except ValueError:  # a row that no registration writes: the person's other devices get theirs
            return Answer(Verdict.REFUSED, NO_TARGET)
        return await self.ask(message, whom, places, request, whose=credentials.application_id)
