"""Suspended accounts: nothing of theirs leaves, and what waits goes on when the suspension is lifted.

The outbound processes hold them in memory (`chassis.suspensions.Watch`), and look before each hand-over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from channel import quota_leases
from channel.outlets import Message
from channel.retries import UPKEEP
from chassis import suspensions, waking
from chassis.database import changed
from contracts.errors import ACCOUNT_SUSPENDED
from contracts.vocabulary import MessageState

# What was put off for a suspension is pulled forward when that ends. What is put off while it ends may be missed by
# this, and looks again by itself.
PUT_OFF = timedelta(minutes=15)
# What was to leave so long ago is of no use to anybody: it ends.
MOST_WAIT = timedelta(days=3)


def follow(session: Session, *, account_id: UUID, is_suspended: bool, occurred_at: datetime, **_event: object) -> None:
    """Do what `account_suspension_changed` says. Harmless twice."""
    if not suspensions.note(session, account_id=account_id, is_suspended=is_suspended, occurred_at=occurred_at):
        return
    if is_suspended:
        quota_leases.end(session, account_id)
    elif _pull_forward(session, account_id):
        waking.wake(session, UPKEEP)


def put_off(message: Message, now: datetime) -> None:
    """A claimed message of a suspended account waits in the schedule until that is lifted, or ends."""
    is_late = now.timestamp() - message.header.accepted_at > MOST_WAIT.total_seconds()
    message.state = MessageState.REJECTED if is_late else MessageState.DEFERRED
    message.code, message.at = ACCOUNT_SUSPENDED, now.timestamp()
    message.due_at, message.was_tried = None if is_late else now + PUT_OFF, False


def _pull_forward(session: Session, account_id: UUID) -> int:
    """What waits for the end of the suspension is due now."""
    return changed(
        session,
        "UPDATE retries SET due_at = now() WHERE account_id = :account AND reason = :reason AND due_at > now()",
        account=account_id, reason=ACCOUNT_SUSPENDED,
    )  # fmt: skip
