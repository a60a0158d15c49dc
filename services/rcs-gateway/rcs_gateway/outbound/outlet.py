"""The outlet of RCS: each message to its phone, if the agent is known to reach it or nobody knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from channel.field_templates import RenderFailed
from channel.providers.answers import Answer, Verdict
from channel.providers.google import ServiceAccount
from channel.providers.http import Place
from channel.providers.outlet import ProviderOutlet
from channel.providers.places import Places
from chassis.logs import get_logger
from contracts.vocabulary import Lane, MessageState
from rcs_gateway.batches import RcsMessage
from rcs_gateway.content.payloads import LEAST_TTL, agent_message, ttl_of
from rcs_gateway.domain.outcomes import EXPIRED, NOT_REACHABLE, REVOKED, outcome_of, outcome_of_taking_back
from rcs_gateway.outbound.directory import Directory, Found, Sender
from rcs_gateway.store import revocations
from rcs_gateway.wires.rbm import CHECKED_LEAST, CHECKED_MOST, Rbm

# As many as a batch of a campaign has, so that its phones can be asked for together.
CHUNK = 500

_ENDS = {Verdict.ACCEPTED: revocations.REVOKED, Verdict.GONE: revocations.TOO_LATE}

log = get_logger()


class RcsOutlet(ProviderOutlet):
    def __init__(self, lanes: Sequence[Lane], directory: Directory, rbm: Rbm, *, ahead: int) -> None:
        super().__init__(lanes, "rcs", ahead=ahead, group=CHECKED_MOST, chunk=CHUNK)
        self._directory, self._rbm, self._places = directory, rbm, Places()

    async def look_up(self, group: Sequence[RcsMessage]) -> Found:
        """The agent, and which of the phones it reaches: of many whom nobody knows Google is asked in one."""
        content = group[0].chunk.batch.content
        phones = {message.recipient["address"] for message in group}
        ids = [message.message_id for message in group]
        found = await asyncio.to_thread(self._directory.look_up, content.account_id, content.sender, phones, ids)
        if found.sender is None or len(phones) < CHECKED_LEAST or len(phones - found.reach.keys()) < len(phones) / 2:
            return found
        reachable = await self._rbm.reachable(found.sender.service_account, phones)
        if reachable is None:  # each message's own answer tells
            return found
        asked = {phone: phone in reachable for phone in phones}
        await asyncio.to_thread(self._directory.note_reach, found.sender, asked)
        return replace(found, reach=asked)

    async def conclude(self, message: RcsMessage, found: Found) -> bool:
        """Of one that was tried before nothing is said but by Google: it may have been given the message, unheard."""
        phone, message.at = message.recipient["address"], time.time()
        if found.sender is None:
            message.state = MessageState.UNKNOWN if message.attempts else MessageState.REJECTED
            message.code = "agent.unknown"
            return True
        message.agent_id = found.sender.agent_id
        if message.message_id in found.revoked:
            return await self._take_back(message, found.sender)
        if found.reach.get(phone) is False and not message.attempts:
            message.state, message.code = MessageState.REJECTED, NOT_REACHABLE
            return True
        lives = message.header.accepted_at + ttl_of(message.chunk.batch.content.template.content) - time.time()
        if lives < LEAST_TTL:
            # Until the end of the time that Google was given it may deliver what it was given.
            message.state = MessageState.DEFERRED if message.attempts and lives > 0 else MessageState.EXPIRED
            message.code = EXPIRED
            return True
        answer = await self._answer(message, found.sender, int(lives))
        if answer is None:
            return False
        if answer.verdict in (Verdict.ACCEPTED, Verdict.GONE) and phone not in found.reach:
            message.reach = answer.verdict is Verdict.ACCEPTED
        self.end(message, outcome_of(answer))
        return True

    async def _take_back(self, message: RcsMessage, sender: Sender) -> bool:
        """It does not leave; where it may have been heard before, it is taken back there, too."""
        if not message.attempts:
            message.state, message.code, message.revocation = MessageState.REJECTED, REVOKED, revocations.REVOKED
            return True

        async def request(place: Place) -> Answer:
            phone = message.recipient["address"]
            return await self._rbm.revoke(sender.service_account, phone, message.message_id, place)

        answer = await self.ask(message, sender.service_account, self._places, request)
        if answer is None:
            return False
        self.end(message, outcome_of_taking_back(answer))
        message.revocation = _ENDS.get(answer.verdict)
        return True

    async def revoke(self, account: ServiceAccount, phone: str, message_id: str) -> Answer:
        """Take back what Google has: as campaigns do it waits for a place, and nobody is asked who has just said no."""
        if (held := self._holds.answer(account)) is not None:
            return held
        answer = await self._rbm.revoke(account, phone, message_id, lambda: self._places.one(Lane.BULK, account))
        self._holds.note(account, answer)
        return answer

    async def _answer(self, message: RcsMessage, sender: Sender, lives: int) -> Answer | None:
        content = message.chunk.batch.content
        try:
            rendered = content.template.render(message.recipient.get("fields") or {})
        except RenderFailed as failed:
            return Answer(Verdict.REFUSED, failed.code)
        body = agent_message(rendered, message.message_id, lives)

        async def request(place: Place) -> Answer:
            phone = message.recipient["address"]
            return await self._rbm.send(sender.service_account, phone, message.message_id, body, place)

        return await self.ask(message, sender.service_account, self._places, request)
