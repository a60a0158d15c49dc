"""What `reporting.webhooks` does in the database: keeps events, chooses what is sent next, notes what came of it.

Transactions hold no network: one chooses a request and takes it in hand, another writes down its end.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from chassis import acts, suspensions, waking
from chassis.database import Session
from chassis.ids import new_id
from chassis.secrets import SecretError, Vault
from contracts.events import REPORTING_ACT
from contracts.reporting.webhooks import Endpoint, PauseReason, WebhookDeliveryState
from contracts.rpc import Actor
from contracts.vocabulary import ERASED_ADDRESS
from reporting.domain import webhooks as rules
from reporting.domain.webhooks import Answer, Verdict
from reporting.store import webhook_deliveries, webhook_events, webhook_replays
from reporting.usecases.webhooks import WEBHOOKS

# Requests of one account under way in one process: whoever has many endpoints that hang leaves the others their turns.
MOST_OF_AN_ACCOUNT = 16
# Of a replay: begun at each turn of its webhook, and open before it goes on.
REPLAYED_AT_ONCE = 10
MOST_OPEN_IN_REPLAY = 20

Known = Mapping[UUID, Any]  # what the log says of messages, by their ids


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
    secondary_url: str | None
    delays: Sequence[int]  # seconds from each try to the next
    body: bytes
    secrets: tuple[bytes, ...]  # none: they cannot be read
    authorization: str | None


def follow_suspension(session: Session, change: Mapping[str, Any]) -> None:
    """Nothing is sent for a suspended account; what it is to be told waits, and goes on when that ends."""
    if suspensions.note(session, **change):
        waking.wake(session, WEBHOOKS)


def choose(
    session: Session, *, vault: Vault, now: datetime, under_way: Mapping[UUID, int], limit: int
) -> list[Request]:
    """Take up to `limit` requests in hand: the next of each webhook, and another of each while there is room.

    :param under_way: how many each account has under way here; none gets more than `MOST_OF_AN_ACCOUNT`.
    """
    count = Counter(under_way)
    busy = [account_id for account_id, some in count.items() if some >= MOST_OF_AN_ACCOUNT]
    chosen: list[Request] = []
    webhooks = list(webhook_deliveries.webhooks_with_work(session, busy=busy, limit=limit))
    for turn in range(webhook_deliveries.AT_ONCE):
        with_more = []
        for webhook in webhooks:
            account_id = webhook["account_id"]
            if turn >= webhook["free"] or len(chosen) >= limit or count[account_id] >= MOST_OF_AN_ACCOUNT:
                continue
            request = _choose_of(session, webhook, vault, now)
            if request is not None:
                chosen.append(request)
                count[account_id] += 1
                with_more.append(webhook)
        webhooks = with_more
    return chosen


def _choose_of(session: Session, webhook: Any, vault: Vault, now: datetime) -> Request | None:
    if webhook["has_replay"] and webhook["is_open"]:
        _go_on_with_replay(session, webhook["id"])
    taken = webhook_deliveries.take_due(session, webhook_id=webhook["id"], is_open=webhook["is_open"])
    if taken is not None:
        events = webhook_events.of_delivery(session, taken["id"])
        known = _messages(session, events)
    else:
        begun = _begin(session, webhook, now) if webhook["is_open"] else None
        if begun is None:
            return None
        taken, events, known = begun
    return Request(
        delivery_id=taken["id"],
        webhook_id=webhook["id"],
        account_id=webhook["account_id"],
        leased_until=taken["leased_until"],
        is_test=taken["is_test"],
        tries=taken["tries"],
        failures=webhook["failures"],
        url=webhook["url"],
        secondary_url=webhook["secondary_url"],
        delays=rules.delays_of(webhook),
        body=_body(session, events, known),
        secrets=_secrets(webhook, vault),
        authorization=_authorization(webhook, vault),
    )


def _go_on_with_replay(session: Session, webhook_id: UUID) -> None:
    """Begin some more of the failed deliveries that are to be tried again; so no transaction changes many rows."""
    replay = webhook_replays.find(session, webhook_id)
    if replay is None or webhook_deliveries.count_open(session, webhook_id=webhook_id) >= MOST_OPEN_IN_REPLAY:
        return
    # Later events of the same messages wait for these.
    again = webhook_replays.again_of(
        session, webhook_id=webhook_id, since=replay["since"], until=replay["until"],
        finished_by=replay["requested_at"], limit=REPLAYED_AT_ONCE,
    )  # fmt: skip
    if len(again) < REPLAYED_AT_ONCE:
        webhook_replays.delete(session, webhook_id)


def _begin(session: Session, webhook: Any, now: datetime) -> tuple[Mapping[str, Any], Sequence[Any], Known] | None:
    """Make a delivery of the first events that may go, with these and what the log says of their messages; None where
    there are none."""
    most_open = webhook_deliveries.MOST_OPEN_WHILE_FAILING
    if webhook["failures"] and webhook_deliveries.count_open(session, webhook_id=webhook["id"]) >= most_open:
        return None
    rows = webhook_events.waiting(session, webhook_id=webhook["id"], limit=webhook["max_events"])
    known = _messages(session, rows)
    ready = _ready(rows, known, now)
    if not ready:
        return None
    delivery_id = new_id()
    leased_until = webhook_deliveries.add(
        session, id=delivery_id, webhook_id=webhook["id"], account_id=webhook["account_id"], events=len(ready),
        lease=webhook_deliveries.LEASE,
    )  # fmt: skip
    event_ids = [row["event_id"] for row in ready]
    webhook_events.put_into(session, delivery_id, webhook_id=webhook["id"], event_ids=event_ids)
    return {"id": delivery_id, "is_test": False, "tries": 0, "leased_until": leased_until}, ready, known


def _messages(session: Session, rows: Sequence[Any]) -> Known:
    """Whom the messages are to and whether that person was erased: the log is asked, and not each event."""
    return webhook_events.messages(session, {row["message_id"] for row in rows if row["message_id"]})


def _ready(rows: Sequence[Any], known: Known, now: datetime) -> list[Any]:
    """Events whose message the log knows by now, or that have waited for it long enough."""
    patience = now - webhook_events.WAITS_FOR_LOG
    late: set[UUID] = set()
    ready = []
    for row in rows:
        message_id = row["message_id"]
        if message_id is not None and message_id not in known and (row["created_at"] > patience or message_id in late):
            late.add(message_id)
            continue
        ready.append(row)
    return ready


def _body(session: Session, rows: Sequence[Any], known: Known) -> bytes:
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


def note_answers(session: Session, request: Request, answers: Sequence[Answer], *, now: datetime) -> Verdict:
    """Write down what came of a try, and what follows for the delivery and for its endpoint.

    Nothing follows from an answer that comes after the lease has gone to another: the later try counts.

    :param answers: of the main address, and of the secondary one where the first was a failure; the last counts.
    """
    answer = answers[-1]
    verdict = rules.judged(answer)
    if verdict is Verdict.GONE and len(answers) > 1:
        verdict = Verdict.FAILED  # the secondary alone is gone
    due_in = None
    if verdict is Verdict.FAILED and not request.is_test:
        due_in = rules.next_try(request.tries + 1, answer, random.random(), request.delays)
    state = _state(verdict, due_in)
    is_settled = webhook_deliveries.settle(
        session, request.delivery_id, leased_until=request.leased_until, state=state,
        attempts=orjson.dumps([*_attempts(answers, now)]).decode(), due_in=due_in, now=now,
    )  # fmt: skip
    if not is_settled:
        return verdict
    if not request.is_test:
        _note_endpoint(session, request, answer, verdict, now=now)
    return verdict


def _attempts(answers: Sequence[Answer], now: datetime) -> Iterator[dict[str, Any]]:
    for endpoint, answer in zip(Endpoint, answers, strict=False):
        yield {"at": now.isoformat(), "endpoint": endpoint.value, "status": answer.status, "error": answer.error,
               "milliseconds": answer.milliseconds}  # fmt: skip


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
