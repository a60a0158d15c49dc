"""Writing down what became of messages, in batches: ledger, retry schedule, events and BatchDone in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from chassis import outbox
from chassis.database import Database
from contracts import lanes
from contracts.events import EMAIL_ADDRESSES_REFUSED
from contracts.vocabulary import ERASED_ADDRESS, ArchiveReason, Channel, Lane, MessageState
from email_gateway.domain import STATE_OF_RESULT, SYSTEM_ACCOUNT, Result, next_try
from email_gateway.sender.batches import Batch, Settlement
from email_gateway.store import ledger, people

EVENTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a settlement; `due_at` says when a deferred message is tried again."""

    settlement: Settlement
    state: MessageState
    attempts: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One transaction's worth of decisions; `complete` may be acknowledged after it."""

    decisions: list[Decision]
    complete: list[Batch]
    at: datetime


class Settler:
    """Settles on the calling (database) thread.

    :param retry_base: the first wait of the retry schedule.
    """

    def __init__(self, database: Database, *, retry_base: timedelta, poke: Callable[[], None]) -> None:
        self._database, self._retry_base, self._poke = database, retry_base, poke

    def plan(self, settlements: Sequence[Settlement], skipped: Sequence[tuple[Batch, str]]) -> Plan:
        """Decide what follows, once; batches count their recipients here.

        :param skipped: recipients that another delivery of the same batch had already, with the state they are in.
        """
        now = datetime.now(UTC)
        decisions = [self._decide(settlement, now) for settlement in settlements]
        touched: dict[Batch, None] = {}
        for decision in decisions:
            if decision.settlement.batch is not None:
                decision.settlement.batch.count(decision.state)
                touched[decision.settlement.batch] = None
        for batch, state in skipped:
            batch.count(state)
            touched[batch] = None
        return Plan(decisions, [batch for batch in touched if batch.open == 0], now)

    def commit(self, plan: Plan) -> None:
        """Write the plan down; may be tried again after a failure."""
        with self._database.transaction() as session:
            _write(session, plan)
            for batch in plan.complete:
                if batch.campaign_id is not None:
                    outbox.record_lane(session, lanes.BATCHES_DONE, batch.done())
        self._poke()

    def _decide(self, settlement: Settlement, now: datetime) -> Decision:
        message, result = settlement.message, settlement.result
        if result is Result.BACK:
            return Decision(settlement, MessageState.DEFERRED, message.attempts, now)
        attempts = message.attempts + 1
        if result is Result.LOST:
            # Handed over, no answer: a single message goes again, one of many waits for what may come (a bounce).
            single = message.lane != Lane.BULK
            return Decision(
                settlement, MessageState.DEFERRED if single else MessageState.UNKNOWN, attempts, now if single else None
            )
        if result is not Result.RETRY:
            return Decision(settlement, STATE_OF_RESULT[result], attempts)
        first = message.first_tried_at or now
        due = next_try(first_tried_at=first, now=now, attempts=attempts, base=self._retry_base)
        return Decision(settlement, MessageState.SOFT_BOUNCED if due is None else MessageState.DEFERRED, attempts, due)


def _write(session: Session, plan: Plan) -> None:
    gone = people.leave_out(session, [found.settlement.message for found in plan.decisions])
    for found in plan.decisions:
        if found.settlement.message.message_id in gone:
            found.settlement.detail = ""  # the server's words may name the person
    changed = ledger.settle(
        session,
        [
            (
                found.settlement.message.message_id,
                found.state,
                found.settlement.code,
                found.settlement.detail,
                found.attempts,
            )
            for found in plan.decisions
        ],
    )
    ours = [found for found in plan.decisions if found.settlement.message.message_id in changed]
    ledger.defer(
        session,
        [
            (found.settlement.message, found.attempts, found.settlement.message.first_tried_at or plan.at, found.due_at)
            for found in ours
            if found.due_at is not None
        ],
    )
    record_events(
        session,
        [
            event_of(found.settlement, found.state)
            for found in ours
            if found.settlement.message.account_id != SYSTEM_ACCOUNT
        ],
    )
    _record_refusals(session, [found.settlement for found in ours if found.state is MessageState.HARD_BOUNCED])


def event_of(settlement: Settlement, state: MessageState) -> dict[str, Any]:
    """The delivery event, with all that reporting wants to know of the message."""
    message = settlement.message
    return {
        "message_id": str(message.message_id),
        "account_id": str(message.account_id),
        "at": settlement.at,
        "kind": state,
        "channel": Channel.EMAIL,
        "campaign_id": _text_or_none(message.campaign_id),
        "contact_id": _text_or_none(message.contact_id),
        "address": message.address,
        "sender": message.sender,
        "domain": message.address.partition("@")[2],  # none of a person who was erased
        "code": settlement.code,
        "detail": settlement.detail[:200],
        "parts": 1,
    }


def record_events(session: Session, events: Sequence[dict[str, Any]]) -> None:
    """Delivery events into the outbox, up to a thousand in one lane message."""
    for start in range(0, len(events), EVENTS_AT_ONCE):
        body = {"v": 1, "source": "email_gateway", "events": events[start : start + EVENTS_AT_ONCE]}
        outbox.record_lane(session, lanes.DELIVERY_EVENTS, orjson.dumps(body))


def _record_refusals(session: Session, refused: Sequence[Settlement]) -> None:
    """Hard bounces as one event per account and campaign; contacts archives the addresses.

    Not those that are refused as spam: that is said of the sender or of the content, and no complaint of the person.
    """
    groups: dict[tuple[UUID, UUID | None], list[dict[str, Any]]] = {}
    for settlement in refused:
        message = settlement.message
        if message.account_id == SYSTEM_ACCOUNT or message.address == ERASED_ADDRESS:
            continue
        groups.setdefault((message.account_id, message.campaign_id), []).append(
            {
                "channel": Channel.EMAIL,
                "address": message.address,
                "contact_id": message.contact_id,
                "message_id": message.message_id,
                "reason": ArchiveReason.HARD_BOUNCE,
            }
        )
    for (account_id, campaign_id), addresses in groups.items():
        outbox.record(
            session, EMAIL_ADDRESSES_REFUSED, account_id=account_id, campaign_id=campaign_id, addresses=addresses
        )


def _text_or_none(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)
