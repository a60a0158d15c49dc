"""Suspended accounts: nothing of theirs leaves, and what waits goes on when the suspension is lifted.

The outbound processes hold them in memory (`watch`), and ask before each hand-over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from channel import quota_leases, retries
from channel.outlets import Message
from channel.retries import UPKEEP
from chassis import suspensions, waking
from chassis.database import Database, cursor_of
from chassis.waking import Watch
from contracts.errors import ACCOUNT_SUSPENDED

# Among the suspended accounts: nobody's messages leave, `channel.quarantine`.
EVERYBODY = str(UUID(int=0))
QUARANTINED = "quarantine"
# What was put off for a suspension is pulled forward when that ends, again and again for as long: an outbound process
# may just be writing there. After that it is due by itself.
PUT_OFF = timedelta(minutes=15)
# What was to leave so long ago is of no use to anybody: it ends.
MOST_WAIT = timedelta(days=3)


def follow(session: Session, *, account_id: UUID, is_suspended: bool, **event: Any) -> None:
    """Do what `account_suspension_changed` says. Harmless twice."""
    if suspensions.note(session, account_id=account_id, is_suspended=is_suspended, **event) and is_suspended:
        quota_leases.end(session, account_id)


def put_off(message: Message, now: datetime) -> None:
    """A claimed message of a suspended account waits in the schedule until that is lifted, or ends."""
    is_late = now.timestamp() - message.header.accepted_at > MOST_WAIT.total_seconds()
    message.put_off(ACCOUNT_SUSPENDED, now, None if is_late else PUT_OFF)


def pull_forward(session: Session) -> None:
    """What waits of accounts whose suspension was lifted lately is due now."""
    is_due = False
    for account_id in suspensions.lifted(session, within=PUT_OFF):
        if str(account_id) == EVERYBODY:
            is_due |= retries.pull_forward(cursor_of(session), QUARANTINED)
        is_due |= retries.pull_forward_of(cursor_of(session), account_id, None, ACCOUNT_SUSPENDED) > 0
    if is_due:
        waking.wake(session, UPKEEP)


def watch(database: Database, on_suspended: Callable[[frozenset[str]], object]) -> Watch:
    """:param on_suspended: told of the accounts that are suspended, on the watch's thread; first by `look`."""

    def look() -> None:
        with database.transaction() as session:
            found = suspensions.suspended(session)
        # Told first: what becomes due by the second step is then already judged by this.
        on_suspended(found)
        with database.transaction() as session:
            pull_forward(session)

    return Watch(database, suspensions.SUSPENSIONS, look)
