"""What a sender does beside sending: its lease, the claims of senders that died, routes and partitions."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import erasures
from chassis.database import Database, ensure_partitions
from chassis.logs import get_logger
from contracts.vocabulary import Lane, MessageState
from email_gateway.sender.batches import Settlement
from email_gateway.sender.settler import event_of, record_events
from email_gateway.store import ledger
from email_gateway.store.ledger import Message

HOUSEKEEPING_SECONDS = 3600.0

log = get_logger()


class Upkeep:
    """All of it runs on a database thread."""

    def __init__(self, database: Database, instance: UUID) -> None:
        self._database, self._instance = database, instance
        self._kept_at = 0.0
        self.beaten_at = 0.0

    def open(self) -> None:
        """Partitions and the lease, before the first claim."""
        self._keep_house()
        self._beat()

    def tick(self) -> bool:
        """Renew the lease, sweep the claims of the dead; whether there was something to sweep."""
        self._beat()
        if time.monotonic() - self._kept_at > HOUSEKEEPING_SECONDS:
            self._keep_house()
        return self._sweep()

    def leave(self) -> None:
        """Give up the lease: a clean stop has no claims left."""
        with self._database.transaction() as session:
            ledger.leave(session, instance=self._instance)

    @property
    def is_lease_fresh(self) -> bool:
        """Whether nobody may think us dead yet; without that nothing is claimed."""
        return time.monotonic() - self.beaten_at < ledger.LEASE_SECONDS - 3

    def _beat(self) -> None:
        started = time.monotonic()
        with self._database.transaction() as session:
            ledger.beat(session, instance=self._instance)
        self.beaten_at = started

    def _sweep(self) -> bool:
        with self._database.transaction() as session:
            again = ledger.send_abandoned_again(session)
            unknown = ledger.mark_abandoned_unknown(session)
            record_events(session, [_unknown_event(*row) for row in unknown])
        if unknown or again:
            log.warning("abandoned_messages_swept", unknown=len(unknown), again=again)
        return bool(unknown or again)

    def _keep_house(self) -> None:
        with self._database.transaction() as session:
            # Yesterday's too: a campaign that began before midnight has ids of that day.
            ensure_partitions(session, "ledger", datetime.now(UTC).date() - timedelta(days=1), 4)
            ledger.forget_dead_instances(session)
            erasures.forget_old(session)
        self._kept_at = time.monotonic()


def _unknown_event(
    message_id: UUID, account_id: UUID, campaign_id: UUID | None, contact_id: UUID | None, address: str, sender: str
) -> dict[str, Any]:
    message = Message(message_id, account_id, campaign_id, contact_id, address, {}, "", sender, Lane.BULK)
    settlement = Settlement(message, "lost", "", "the sender stopped while handing it over", time.time())
    return event_of(settlement, MessageState.UNKNOWN)
