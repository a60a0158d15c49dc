"""The states of campaigns, as the service that owns them tells: nothing of a paused or ended one leaves.

Every channel keeps every campaign's state, so it need not know which are its own. The outbound processes hold those
that stop something in memory (`watch`), and ask before each hand-over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from channel import retries
from channel.outlets import Message
from channel.retries import UPKEEP
from chassis import suspensions, waking
from chassis.database import Database, changed, cursor_of
from chassis.waking import Watch
from contracts.vocabulary import CampaignState

STATES = "campaign_states"
"""What a `watch` is woken by (`chassis.waking`)."""

PAUSED = "campaign.paused"
CANCELLED = "campaign.cancelled"
# What was put off for a pause is pulled forward when that ends. What is put off at that very moment may be missed, and
# comes by itself.
PUT_OFF = timedelta(hours=1)
# So long after a change the schedule is looked through, again and again: an outbound process may just be writing there.
FOLLOWED = timedelta(minutes=1)
# No batch and no retry of an ended campaign is older. A paused one may be resumed at any time, and as long as one is
# known here its days of the ledger are kept (`old_days`).
KEPT = timedelta(days=30)


def note(session: Session, *, account_id: UUID, campaign_id: UUID, state: CampaignState, version: int) -> bool:
    """Keep a campaign's state; False where a later one is known, or its account is closed: events may come twice, late
    and in any order.

    :param version: grows with each change; 0 is of a release that did not number them, and tells no order.
    """
    if not version or suspensions.is_closed(session, account_id):
        return False
    is_news = changed(
        session,
        "INSERT INTO campaign_states AS s (campaign_id, account_id, state, version)"
        " VALUES (:campaign_id, :account_id, :state, :version)"
        " ON CONFLICT (campaign_id) DO UPDATE SET state = excluded.state, version = excluded.version,"
        " changed_at = now() WHERE s.version < excluded.version",
        campaign_id=campaign_id, account_id=account_id, state=state.value, version=version,
    )  # fmt: skip
    if is_news:
        waking.wake(session, STATES)
    return bool(is_news)


def stopped(session: Session) -> dict[str, CampaignState]:
    """The campaigns of which nothing may leave, by id: `paused`, `cancelled` or `failed`."""
    rows = session.execute(
        text("SELECT campaign_id, state FROM campaign_states WHERE state IN ('paused', 'cancelled', 'failed')")
    )
    return {str(campaign_id): CampaignState(state) for campaign_id, state in rows}


def pull_forward(session: Session) -> None:
    """What waits of campaigns that were resumed or ended a moment ago is due now: to be sent, or to be ended."""
    recent = session.execute(
        text(
            "SELECT account_id, campaign_id, state FROM campaign_states"
            " WHERE state IN ('sending', 'cancelled', 'failed') AND changed_at > now() - :followed"
        ),
        {"followed": FOLLOWED},
    ).all()
    is_due = False
    for account_id, campaign_id, state in recent:
        reason = PAUSED if state == CampaignState.SENDING else None
        is_due |= retries.pull_forward_of(cursor_of(session), account_id, campaign_id, reason) > 0
    if is_due:
        waking.wake(session, UPKEEP)


def forget_old(session: Session) -> None:
    changed(
        session,
        "DELETE FROM campaign_states WHERE state NOT IN ('paused', 'sending') AND changed_at < now() - :kept",
        kept=KEPT,
    )


def put_off(message: Message, state: CampaignState | None, now: datetime) -> None:
    """The outcome of a claimed message that may not leave.

    :param state: of its campaign; None where that was resumed in this very moment.
    """
    if state in (CampaignState.CANCELLED, CampaignState.FAILED):
        message.put_off(CANCELLED, now, None)
    else:
        message.put_off(PAUSED, now, timedelta() if state is None else PUT_OFF)


def watch(database: Database, on_stopped: Callable[[Mapping[str, CampaignState]], object]) -> Watch:
    """:param on_stopped: told of the campaigns that are stopped, on the watch's thread; first by `look`."""

    def look() -> None:
        with database.transaction() as session:
            found = stopped(session)
        # Told first: what becomes due by the second step is then already judged by this.
        on_stopped(found)
        with database.transaction() as session:
            pull_forward(session)

    return Watch(database, STATES, look)
