"""The log of a webhook's deliveries: reading it, a test, and trying again what is finished."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages, waking
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.events import REPORTING_ACT
from contracts.reporting.webhooks import TEST_EVENT
from contracts.rpc import Actor
from reporting import exceptions
from reporting.domain.webhooks import HeardEvent
from reporting.store import webhook_deliveries, webhook_events, webhook_replays
from reporting.usecases import views
from reporting.usecases.views import Answer
from reporting.usecases.webhooks import WEBHOOKS, find


def test_webhook(session: Session, *, actor: Actor, now: datetime, webhook_id: UUID) -> Answer:
    """Send one event of no meaning, once, also where the webhook is paused or not enabled."""
    account_id, delivery_id = account_of(actor), new_id()
    find(session, account_id, webhook_id)
    send_test(session, delivery_id, webhook_id=webhook_id, account_id=account_id, now=now)
    return _delivery(session, webhook_id, delivery_id)


def send_test(session: Session, delivery_id: UUID, *, webhook_id: UUID, account_id: UUID, now: datetime) -> None:
    """One event of no meaning in a delivery of its own, which is tried once."""
    webhook_deliveries.add(
        session, id=delivery_id, webhook_id=webhook_id, account_id=account_id, events=1, is_test=True
    )
    event = HeardEvent(delivery_id, str(account_id), None, None, None, TEST_EVENT, now, {})
    webhook_events.add_test(session, delivery_id, webhook_id=webhook_id, account_id=account_id, event=event)
    waking.wake(session, WEBHOOKS)


def list_webhook_deliveries(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    webhook_id: UUID,
    state: Any,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    cursor: str | None,
) -> Answer:
    find(session, account_of(actor), webhook_id)
    rows = webhook_deliveries.page(
        session,
        webhook_id=webhook_id,
        state=state.value if state else None,
        since=since,
        until=until,
        before=pages.position(cursor),
        limit=limit + 1,
    )
    return pages.page(rows, limit, views.webhook_delivery)


def get_webhook_delivery(
    session: Session, *, actor: Actor, now: datetime, webhook_id: UUID, delivery_id: UUID
) -> Answer:
    find(session, account_of(actor), webhook_id)
    return _delivery(session, webhook_id, delivery_id)


def replay_webhook_delivery(
    session: Session, *, actor: Actor, now: datetime, webhook_id: UUID, delivery_id: UUID
) -> Answer:
    """Try a finished delivery again, from the start of the schedule, under the same id."""
    _ensure_may_replay(session, actor, webhook_id)
    _delivery(session, webhook_id, delivery_id)
    # Later events of the same messages wait for it.
    again = webhook_replays.again(session, webhook_id=webhook_id, delivery_id=delivery_id)
    if not again:
        raise exceptions.delivery_under_way(delivery_id)
    _note_replay(session, actor, webhook_id, len(again))
    return _delivery(session, webhook_id, delivery_id)


def replay_webhook(
    session: Session, *, actor: Actor, now: datetime, webhook_id: UUID, since: datetime, until: datetime
) -> Answer:
    """Have all that failed and were made in this time tried again: `webhook_sending` begins some at each turn."""
    _ensure_may_replay(session, actor, webhook_id)
    failed = webhook_replays.count_failed(session, webhook_id=webhook_id, since=since, until=until)
    if failed:
        webhook_replays.add(session, webhook_id=webhook_id, account_id=account_of(actor), since=since, until=until)
    _note_replay(session, actor, webhook_id, failed)
    return {"deliveries": failed}


def _note_replay(session: Session, actor: Actor, webhook_id: UUID, deliveries: int) -> None:
    waking.wake(session, WEBHOOKS)
    acts.record(session, REPORTING_ACT, actor, "webhook.replayed", target_id=webhook_id, deliveries=deliveries)


def _ensure_may_replay(session: Session, actor: Actor, webhook_id: UUID) -> None:
    """Its row is not locked: where a pause begins at this moment, what is replayed waits for its end.

    :raises Conflict: nothing would be sent.
    """
    webhook = find(session, account_of(actor), webhook_id)
    if not webhook["enabled"] or webhook["paused_at"] is not None:
        raise exceptions.webhook_stopped(webhook_id)


def _delivery(session: Session, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    row = webhook_deliveries.find(session, webhook_id=webhook_id, delivery_id=delivery_id)
    if row is None:
        raise exceptions.no_such_delivery(delivery_id)
    return views.webhook_delivery(row)
