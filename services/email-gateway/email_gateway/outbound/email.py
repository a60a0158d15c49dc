"""What is e-mail's own about sending: composed in processes, handed over by the pool, deferred for three days."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from channel.batches import Batch, Header, Recipient
from channel.old_days import KEPT_DAYS
from channel.outlets import Chunk, Message, Outlet
from channel.ports import CommonLoop, CommonUpkeep
from chassis import acts
from chassis.database import Database, Session
from contracts.channel import CHANNELS
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.vocabulary import ERASED_ADDRESS, Channel, Lane, MessageState
from email_gateway.batches import ERASED, EmailMessage, Refusal, StoredContent
from email_gateway.domain.mailroom import SoftRule
from email_gateway.domain.retrying import Result, next_try
from email_gateway.outbound.mail_outlet import MailOutlet, conclude, refused
from email_gateway.outbound.provider_places import ProviderPlaces
from email_gateway.outbound.routing import Router
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.pool import Pool
from email_gateway.store import blobs, contents
from email_gateway.store.ledger import EmailLedger

LANES = CHANNELS[Channel.EMAIL].lanes
PREFETCH: Mapping[Lane, int] = {lane: 4 if lane is Lane.BULK else 16 for lane in LANES}
ROUTES_EVERY_SECONDS = 2.0
SWEEP_EVERY_SECONDS = 60.0
MOST_CONTENTS = 1_000


class EmailOutbound:
    """`channel.ports.Outbound` of e-mail.

    :param retry_base: the first wait of the retry schedule.
    :param soft: when a mailbox that takes nothing counts as gone.
    """

    channel = Channel.EMAIL
    composes_ahead = True
    prefetch = PREFETCH
    partitioned = ("ledger",)
    # By its message a person is found who unsubscribes by mail, from whatever is still in their mailbox.
    kept_days = KEPT_DAYS
    put_off = ()

    def __init__(
        self,
        database: Database,
        router: Router,
        pool: Pool,
        outlet: MailOutlet,
        *,
        retry_base: timedelta,
        soft: SoftRule,
    ) -> None:
        self._database = database
        self._router = router
        self._pool = pool
        self._outlet = outlet
        self._retry_base = retry_base
        self.ledger = EmailLedger(soft)
        self._contents: dict[str, StoredContent] = {}
        self._routes_at = self._swept_at = 0.0

    def attach(self, loop: CommonLoop, upkeep: CommonUpkeep) -> None:
        self._outlet.events = loop
        loop.spawn(ProviderPlaces(self._database, self._router.allowances).keep())
        self._pool.start()

    async def start_up(self) -> None:
        """Nothing has to be up: connections are made when there is something to send."""

    # --- the one outlet

    def outlets(self) -> Sequence[Outlet]:
        return (self._outlet,)

    def route(self, batch: Batch, recipients: list[Recipient]) -> list[tuple[Outlet | None, list[Recipient]]]:
        return [(self._outlet, recipients)]

    # --- content

    def own_content(self, _header: Header) -> StoredContent | None:
        return None  # they are all stored beforehand

    def load_content(self, session: Session, content_hash: str) -> StoredContent | None:
        found = self._contents.get(content_hash)
        if found is None:
            row = contents.sender_of(session, content_hash=content_hash)
            if row is None:
                return None
            if len(self._contents) > MOST_CONTENTS:
                self._contents.clear()
            found = self._contents[content_hash] = StoredContent(str(row.account_id), row.sender)
        return found

    async def compose_ahead(self, chunk: Chunk) -> None:
        await self._outlet.compose_ahead(chunk)

    def compose(self, chunk: Chunk, recipients: list[Recipient], outlet: Outlet | None) -> list[EmailMessage]:
        of, now = chunk.batch.header.id_of, datetime.now(UTC)
        composed = chunk.composed or {}
        messages = []
        for recipient in recipients:
            number = recipient["number"]
            attempts = chunk.attempts.get(number, 0)
            message = EmailMessage(chunk, recipient, of(number), number in chunk.existing, attempts)
            # Erased since it was composed: what was made of it is thrown away.
            message.made = ERASED if recipient["address"] == ERASED_ADDRESS else composed.get(number)
            if isinstance(message.made, Refusal):
                conclude(message, refused(message.made), now)
            elif outlet is None:
                conclude(message, Outcome(Result.BACK, "4.3.2", "the process is stopping"), now)
            messages.append(message)
        return messages

    def message(
        self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, attempts: int
    ) -> EmailMessage:
        return EmailMessage(chunk, recipient, message_id, existing, attempts)

    def restore(
        self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, outlet_id: str | None
    ) -> EmailMessage:
        message = EmailMessage(chunk, recipient, message_id, existing, 1)
        message.detail = "the process stopped while handing it over"
        return message

    def schedule(self, message: Message, now: datetime) -> None:
        accepted_at = datetime.fromtimestamp(message.header.accepted_at, UTC)
        due = next_try(first_tried_at=accepted_at, now=now, attempts=message.attempts + 1, base=self._retry_base)
        if due is None:
            message.state = MessageState.SOFT_BOUNCED
        message.due_at = due

    # --- what is due now and then, on the upkeep's thread

    def steps(self) -> Sequence[Callable[[], object]]:
        return (self._refresh_routes, self._tell_waves, self._sweep)

    def _refresh_routes(self) -> None:
        if time.monotonic() >= self._routes_at:
            self._router.refresh()
            self._routes_at = time.monotonic() + ROUTES_EVERY_SECONDS

    def _sweep(self) -> None:
        if time.monotonic() >= self._swept_at:
            with self._database.transaction() as session:
                left = blobs.sweep(session, datetime.now(UTC)) == blobs.SWEPT_AT_ONCE
            with self._database.transaction() as session:
                left |= contents.sweep(session, datetime.now(UTC)) == contents.SWEPT_AT_ONCE
            self._swept_at = time.monotonic() + (0 if left else SWEEP_EVERY_SECONDS)

    def _tell_waves(self) -> None:
        """To the account, in its trail; operators see the log and `wici_email_waves_total`."""
        while self._outlet.began:
            account_id, wave = self._outlet.began[0]
            told: dict[str, Any] = {"destination": wave.domain, "code": wave.code, "refusals": wave.refusals}
            with self._database.transaction() as session:
                acts.record(
                    session, EMAIL_GATEWAY_ACT, {"account_id": account_id}, "campaign.refused",
                    target_id=wave.campaign_id, **told,
                )  # fmt: skip
            self._outlet.began.popleft()
