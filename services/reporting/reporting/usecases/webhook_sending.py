"""What `reporting.webhooks` does in the database: keeps events, chooses what is sent next, notes what came of it.

Transactions hold no network: one chooses a request and takes it in hand, another writes down its end.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from chassis import acts, erasures, waking
from chassis.database import Session
from chassis.ids import new_id
from chassis.secrets import SecretError, Vault
from contracts.events import REPORTING_ACT
from contracts.reporting.webhooks import PauseReason, WebhookDeliveryState, WebhookEvent
from contracts.rpc import Actor
from contracts.vocabulary import ERASED_ADDRESS
from reporting.domain import webhooks as rules
from reporting.domain.webhooks import Answer, HeardEvent, Verdict
from reporting.store import webhook_deliveries, webhook_events, webhooks
from reporting.usecases.webhooks import WEBHOOKS

# Requests of one account under way in one process: whoever has many endpoints that hang leaves the others their turns.
MOST_OF_AN_ACCOUNT = 16


@dataclass(frozen=True)
class Request:
    """One delivery in hand: what is posted where, and what signs it."""

    delivery_id: UUID
    webhook_id: UUID
    account_id: UUID
    leased_until: datetime
    is_test: bool
    tries: int  # before this one
    failures: int  # of the endpoint, in a row
    url: str
    body: bytes
    secrets: tuple[bytes, ...]  # none: they cannot be read
    authorization: str | None


def keep(session: Session, events: Sequence[HeardEvent]) -> int:
    """Keep events for the webhooks that want them. Harmless twice: each has an id of its own."""
    kept = webhook_events.add(session, events) if events else 0
    if kept:
        waking.wake(session, WEBHOOKS)
    return kept


def keep_campaign_state(session: Session, change: Mapping[str, Any]) -> None:
    """Keep a campaign's new state for the webhooks that want it."""
    details = {
        "campaign_id": str(change["campaign_id"]),
        "state": change["state"].value,
        "version": change["version"],
    }
    event = HeardEvent(
        event_id=rules.derived_id(change["event_id"]),
        account_id=str(change["account_id"]),
        channel=None,
        campaign_id=details["campaign_id"],
        message_id=None,
        type=WebhookEvent.CAMPAIGN_STATE_CHANGED.value,
        occurred_at=change["occurred_at"],
        details=details,
    )
    keep(session, [event])


def keep_archived(session: Session, archived: Mapping[str, Any]) -> None:
    """Keep, for the webhooks that want it, that addresses get no more campaigns."""
    account_id = str(archived["account_id"])
    if not webhooks.are_wanted(session, account_id=archived["account_id"], type=WebhookEvent.CONTACT_ARCHIVED):
        return
    events = [
        HeardEvent(
            event_id=rules.derived_id(archived["event_id"], one["channel"].value, one["address"]),
            account_id=account_id,
            channel=one["channel"].value,
            campaign_id=None,
            message_id=None,
            type=WebhookEvent.CONTACT_ARCHIVED.value,
            occurred_at=archived["occurred_at"],
            details={
                "channel": one["channel"].value,
                "address": one["address"],
                "contact_id": str(one["contact_id"]) if one["contact_id"] else None,
                "reason": one["reason"].value,
            },
        )
        for one in archived["addresses"]
    ]
    erasures.share(session)
    gone = webhook_events.erased_since(
        session,
        account_id=archived["account_id"],
        addresses=[event.details["address"] for event in events],
        moment=archived["occurred_at"],
    )
    keep(session, [event for event in events if event.details["address"] not in gone])


def choose(
    session: Session, *, vault: Vault, now: datetime, under_way: Mapping[UUID, int], limit: int
) -> list[Request]:
    """Take the next request of up to `limit` webhooks in hand.

    :param under_way: how many each account has under way here; none gets more than `MOST_OF_AN_ACCOUNT`.
    """
    count = Counter(under_way)
    busy = [account_id for account_id, some in count.items() if some >= MOST_OF_AN_ACCOUNT]
    chosen = []
    for webhook in webhook_deliveries.webhooks_with_work(session, busy=busy, limit=limit):
        if count[webhook["account_id"]] < MOST_OF_AN_ACCOUNT:
            request = _choose_of(session, webhook, vault, now)
            if request is not None:
                chosen.append(request)
                count[webhook["account_id"]] += 1
    return chosen


def _choose_of(session: Session, webhook: Any, vault: Vault, now: datetime) -> Request | None:
    taken = webhook_deliveries.take_due(session, webhook_id=webhook["id"], is_open=webhook["is_open"])
    if taken is None and webhook["is_open"]:
        taken = _begin(session, webhook, now)
    if taken is None:
        return None
    return Request(
        delivery_id=taken["id"],
        webhook_id=webhook["id"],
        account_id=webhook["account_id"],
        leased_until=taken["leased_until"],
        is_test=taken["is_test"],
        tries=taken["tries"],
        failures=webhook["failures"],
        url=webhook["url"],
        body=_body(session, taken["id"]),
        secrets=_secrets(webhook, vault),
        authorization=_authorization(webhook, vault),
    )


def _begin(session: Session, webhook: Any, now: datetime) -> dict[str, Any] | None:
    """Make a delivery of the first events that may go; None where there are none."""
    most_open = webhook_deliveries.MOST_OPEN_WHILE_FAILING
    if webhook["failures"] and webhook_deliveries.count_open(session, webhook_id=webhook["id"]) >= most_open:
        return None
    rows = webhook_events.waiting(session, webhook_id=webhook["id"], limit=webhook["max_events"])
    event_ids = _ready(session, rows, now)
    if not event_ids:
        return None
    delivery_id = new_id()
    leased_until = webhook_deliveries.add(
        session, id=delivery_id, webhook_id=webhook["id"], account_id=webhook["account_id"], events=len(event_ids),
        lease=webhook_deliveries.LEASE,
    )  # fmt: skip
    webhook_events.put_into(session, delivery_id, webhook_id=webhook["id"], event_ids=event_ids)
    return {"id": delivery_id, "is_test": False, "tries": 0, "leased_until": leased_until}


def _ready(session: Session, rows: Sequence[Any], now: datetime) -> list[UUID]:
    """Events whose message the log knows by now, or that have waited for it long enough.

    The log says who a message is to, and whether that person was erased: it is asked, and not each event.
    """
    known = webhook_events.messages(session, {row["message_id"] for row in rows if row["message_id"]})
    patience = now - webhook_events.WAITS_FOR_LOG
    late: set[UUID] = set()
    ready = []
    for row in rows:
        message_id = row["message_id"]
        if message_id is not None and message_id not in known and (row["created_at"] > patience or message_id in late):
            late.add(message_id)
            continue
        ready.append(row["event_id"])
    return ready


def _body(session: Session, delivery_id: UUID) -> bytes:
    rows = webhook_events.of_delivery(session, delivery_id)
    known = webhook_events.messages(session, {row["message_id"] for row in rows if row["message_id"]})
    erased = {key for key, row in known.items() if row["address"] == ERASED_ADDRESS}
    if erased:
        # What came in after the person was erased.
        webhook_events.forget_people(session, erased)
    return orjson.dumps(
        [
            rules.body_event(row, known.get(row["message_id"]), is_erased=row["message_id"] in erased)
            for row in rows
        ]
    )  # fmt: skip


def _secrets(webhook: Any, vault: Vault) -> tuple[bytes, ...]:
    """The keys in force; none where the platform has lost the key that they are sealed with."""
    sealed = (webhook["secret"], webhook["previous_secret"] if webhook["has_previous_secret"] else None)
    try:
        return tuple(vault.decrypt(one) for one in sealed if one is not None)
    except SecretError:
        return ()


def _authorization(webhook: Any, vault: Vault) -> str | None:
    """The header of Basic authentication, where the customer wants one."""
    if webhook["username"] is None:
        return None
    try:
        return rules.basic_authorization(webhook["username"], vault.decrypt(webhook["password"]).decode())
    except SecretError:
        return None


def note_answer(session: Session, request: Request, answer: Answer, *, now: datetime) -> Verdict:
    """Write down what came of a try, and what follows for the delivery and for its endpoint.

    Nothing follows from an answer that comes after the lease has gone to another: the later try counts.
    """
    verdict = rules.judged(answer)
    due_in = None
    if verdict is Verdict.FAILED and not request.is_test:
        due_in = rules.next_try(request.tries + 1, answer, random.random())
    state = _state(verdict, due_in)
    attempt = {"at": now.isoformat(), "status": answer.status, "error": answer.error,
               "milliseconds": answer.milliseconds}  # fmt: skip
    is_settled = webhook_deliveries.settle(
        session, request.delivery_id, leased_until=request.leased_until, state=state,
        attempt=orjson.dumps(attempt).decode(), due_in=due_in, now=now,
    )  # fmt: skip
    if not is_settled:
        return verdict
    if state != WebhookDeliveryState.PENDING:
        webhook_events.mark(session, [request.delivery_id], is_done=True)
    if not request.is_test:
        _note_endpoint(session, request, answer, verdict, now=now)
    return verdict


def _state(verdict: Verdict, due_in: timedelta | None) -> str:
    if verdict is Verdict.ARRIVED:
        return WebhookDeliveryState.DELIVERED
    return WebhookDeliveryState.FAILED if due_in is None else WebhookDeliveryState.PENDING


def _note_endpoint(session: Session, request: Request, answer: Answer, verdict: Verdict, *, now: datetime) -> None:
    if verdict is Verdict.ARRIVED:
        webhook_deliveries.note_success(session, request.webhook_id)
        return
    rest = rules.rest(request.failures + 1, answer)
    failing_since = webhook_deliveries.note_failure(session, request.webhook_id, rest=rest)
    if verdict is Verdict.GONE:
        _pause(session, request, PauseReason.GONE)
    elif failing_since is not None and now - failing_since >= rules.PAUSE_AFTER:
        _pause(session, request, PauseReason.FAILING)


def _pause(session: Session, request: Request, reason: PauseReason) -> None:
    if webhook_deliveries.pause(session, request.webhook_id, reason=reason):
        webhook_deliveries.hold(session, request.webhook_id)
        actor: Actor = {"account_id": str(request.account_id)}
        acts.record(session, REPORTING_ACT, actor, "webhook.paused", target_id=request.webhook_id, why=reason.value)
