"""What is RCS's own about sending: agents, phones that can be reached, taking back, and what Google tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Cursor

from channel.outlets import Message
from channel.providers.answers import Verdict
from channel.providers.outbound import ProviderOutbound, Sweep
from channel.providers.reports import Reports
from chassis.database import Database
from chassis.logs import get_logger
from contracts.ids import created_at
from contracts.vocabulary import Channel, MessageState
from rcs_gateway.batches import Arrived, RcsMessage
from rcs_gateway.content.payloads import ttl_of
from rcs_gateway.content.template import Template
from rcs_gateway.domain import events
from rcs_gateway.domain.events import Status, Told
from rcs_gateway.outbound.directory import Directory, Sender
from rcs_gateway.outbound.outlet import RcsOutlet
from rcs_gateway.store import inbound, last_messages, reach, reports, revocations
from rcs_gateway.store.ledger import RcsLedger
from rcs_gateway.store.revocations import Due

REVOKED_AT_ONCE, EARLY_AT_ONCE = 200, 500
REVOKE_REST = 1.0  # seconds

log = get_logger()


def _take_early(cursor: Cursor[Any]) -> Sequence[Arrived]:
    return [
        Arrived(account_id, agent_id, told, event, at, until)
        for account_id, agent_id, event, at, until in reports.take_early(cursor, datetime.now(UTC), EARLY_AT_ONCE)
        if (told := events.read(event)) is not None
    ]


class RcsOutbound(ProviderOutbound):
    channel = Channel.RCS
    ledger = RcsLedger()
    put_off = ("early_reports",)
    parked = (_take_early, reports.apply)
    template = Template
    make_message = RcsMessage
    outlet: RcsOutlet

    def __init__(
        self, database: Database, outlet: RcsOutlet, directory: Directory, told: Reports, *,
        first_wait: timedelta,
    ) -> None:  # fmt: skip
        super().__init__(database, outlet, first_wait=first_wait, told=told)
        self._directory = directory

    def beside(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (self._revoke_what_is_due(),)

    def is_address(self, address: str) -> bool:
        return address.startswith("+") and address[1:].isdecimal() and 8 <= len(address) <= 16

    def schedule(self, message: Message, now: datetime) -> None:
        """As long as the message is of use, and then it has expired: not before, for Google may deliver what it was
        given, unheard."""
        ends = datetime.fromtimestamp(message.header.accepted_at, UTC)
        ends += timedelta(seconds=ttl_of(message.chunk.batch.content.template.content))
        message.due_at = min(now + self.wait_of(message), ends)
        if ends <= now:
            message.state, message.due_at = MessageState.EXPIRED, None

    # --- taking back

    async def _revoke_what_is_due(self) -> None:
        """Until the process ends: a database that is away, or one account's keys, do not end it."""
        while not self.loop.is_stopping:
            is_worth_another = False
            try:
                looked_at, due = await asyncio.to_thread(self._directory.due_revocations, REVOKED_AT_ONCE)
                asked = (self._revoke(sender, one) for sender, one in due)
                ended = await asyncio.gather(*asked, return_exceptions=True)
                failed = [one for one in ended if isinstance(one, Exception)]
                if failed:  # one agent's key, or its phone: due again in a while
                    log.error("not_taken_back", messages=len(failed), error_type=type(failed[0]).__name__)
                is_worth_another = looked_at > 0 and (not due or any(one is True for one in ended))
            except Exception as error:  # what was taken is due again in a while
                log.error("not_taken_back", error_type=type(error).__name__)
            if not is_worth_another:
                await asyncio.sleep(REVOKE_REST)

    async def _revoke(self, sender: Sender, due: Due) -> bool:
        """Whether it has ended: what is not answered stays due."""
        answer = await self.outlet.revoke(sender.service_account, due.phone, str(due.message_id))
        if answer.verdict is Verdict.GONE:
            await asyncio.to_thread(self._directory.end_revocation, due.message_id, revocations.TOO_LATE)
        elif answer.verdict is Verdict.ACCEPTED:
            told = Status(Told.REVOKED, due.message_id)
            arrived = Arrived(due.account_id, sender.agent_id, told, {}, time.time(), created_at(due.message_id))
            written = asyncio.Event()
            self.loop.received([arrived], written.set)
            await written.wait()
            await asyncio.to_thread(self._directory.end_revocation, due.message_id, revocations.REVOKED)
        return answer.verdict in (Verdict.GONE, Verdict.ACCEPTED)

    # --- on the upkeep's thread

    def sweeps(self) -> Sequence[Sweep]:
        return (inbound.INBOX.sweep, last_messages.sweep, reach.sweep, revocations.sweep)
