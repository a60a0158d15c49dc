"""Ranges of numbers that accounts send too much to: noticed and held as they send, decided on by operators (0155)."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import operator_of
from chassis.database import Session
from chassis.logs import get_logger
from contracts.events import SMS_GATEWAY_ACT
from contracts.rpc import Actor
from contracts.vocabulary import Lane
from sms_gateway import exceptions
from sms_gateway.domain.ranges import EVERYBODY, SHARE_OF_ALL, RangeState, Suspicions, range_of
from sms_gateway.domain.sends import Plan
from sms_gateway.store import held_ranges as store
from sms_gateway.store.held_ranges import Key, Number

_SUSPICIONS = Suspicions()  # this process's

log = get_logger()


class RangeGuard:
    """Of the plans of one transaction: which wait, and which are refused.

    What this process remembers after a transaction that is rolled back makes it suspicious, and no more: numbers are
    counted in the database alone.

    :param decided: the ranges of their accounts that are held or decided on.
    """

    def __init__(self, decided: Mapping[Key, RangeState]) -> None:
        self._states = dict(decided)

    def note(self, session: Session, accepted: Iterable[Plan], now: datetime) -> None:
        """Count what is about to leave; a range that has got too much is held from here on."""
        numbers, of_all = self._suspected(accepted)
        if numbers:
            self._hold(session, numbers, of_all, now)

    def _suspected(self, plans: Iterable[Plan]) -> tuple[set[Number], set[str]]:
        """Numbers of suspected ranges, and those of the ranges that are suspected over all accounts."""
        at, numbers, of_all = time.monotonic(), set[Number](), set[str]()
        for plan in plans:
            if not is_looked_at(plan):
                continue
            account = plan.account_id.bytes
            for address in plan.addresses:
                is_its_own = _SUSPICIONS.note(account, address, at)
                is_of_all = _SUSPICIONS.note(EVERYBODY.bytes, address, at, SHARE_OF_ALL)
                of = range_of(address)
                if not (is_its_own or is_of_all) or self._state(plan.account_id, of):
                    continue
                numbers.add((plan.account_id, of, store.number_key(address)))
                if is_of_all:
                    of_all.add(of)
        return numbers, of_all

    def _hold(self, session: Session, numbers: Collection[Number], of_all: Collection[str], now: datetime) -> None:
        counted = store.count(session, numbers, of_all, now)
        over = {key: each.numbers for key, each in counted.items() if each.most and each.numbers > each.most}
        if not over:
            return
        for range_id, account_id, of in store.hold(session, over, now):
            key = account_id, of
            log.warning("sms_range_held", account_id=str(account_id), range=of, numbers=over[key])
            for each in counted[key].accounts:
                acts.record(
                    session, SMS_GATEWAY_ACT, {}, "sms_range.held", account_id=each, target_id=range_id, range=of,
                    numbers=over[key],
                )  # fmt: skip
        # As they are, not as they were asked for: one of them may have been held, and decided on, in between.
        self._states |= store.decided(session, {account_id for account_id, _ in over}, now)

    def state(self, plan: Plan) -> tuple[RangeState | None, str]:
        """What is decided of the range of one of its numbers, the strictest first, and the range."""
        if not self._states or not is_looked_at(plan):
            return None, ""
        found = {self._state(plan.account_id, of): of for of in map(range_of, plan.addresses)}
        for state in (RangeState.DROPPED, RangeState.HELD):
            if state in found:
                return state, found[state]
        return None, ""

    def _state(self, account_id: UUID, of: str) -> RangeState | None:
        """What was decided of the account's own range goes before what holds for all."""
        return self._states.get((account_id, of)) or self._states.get((EVERYBODY, of))


def is_looked_at(plan: Plan) -> bool:
    """Single messages that leave at once and are no bulk: what a form sends. Of partners their codes alone: the rest
    may be a list of theirs, number after number."""
    if plan.schedule_at is not None:
        return False
    return plan.lane is Lane.OTP or (plan.lane is not Lane.BULK and plan.partner is None)


def list_sms_ranges(
    session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int, state: str | None
) -> pages.Page:
    """Newest first, of all accounts."""
    operator_of(actor)
    rows = store.page(session, now=now, state=state, before=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, _view)


def release_sms_range(session: Session, *, actor: Actor, now: datetime, range_id: UUID, reason: str) -> dict[str, Any]:
    """Its messages leave, as far as they are still of use, and it is not looked at for a day."""
    return _decide(session, actor, now, range_id, reason, RangeState.RELEASED, "sms_range.released")


def drop_sms_range(session: Session, *, actor: Actor, now: datetime, range_id: UUID, reason: str) -> dict[str, Any]:
    """Its messages are rejected, and so is what the account sends there for a day."""
    return _decide(session, actor, now, range_id, reason, RangeState.DROPPED, "sms_range.dropped")


def _decide(
    session: Session, actor: Actor, now: datetime, range_id: UUID, reason: str, state: RangeState, act: str
) -> dict[str, Any]:
    operator_of(actor)
    held = store.for_update(session, range_id)
    if held is None:
        raise exceptions.not_found("sms_range")
    if held.state != RangeState.HELD:
        raise exceptions.wrong_state("sms_range", held.state)
    waiting = store.one(session, range_id, now).waiting
    store.decide(session, range_id, held.account_id, held.range, state, now)
    store.carry_out(session, held.account_id, held.range, state, now)
    acts.record(
        session, SMS_GATEWAY_ACT, actor, act, account_id=_account_of(held), target_id=range_id,
        reason=reason, range=held.range, messages=waiting,
    )  # fmt: skip
    return _view(store.one(session, range_id, now))


def get_sms_range_limit(session: Session, *, actor: Actor, now: datetime, account_id: UUID) -> dict[str, Any]:
    operator_of(actor)
    return {"account_id": account_id, "most": store.limit_of(session, account_id)}


def set_sms_range_limit(
    session: Session, *, actor: Actor, now: datetime, account_id: UUID, most: int | None, reason: str
) -> dict[str, Any]:
    operator_of(actor)
    store.put_limit(session, account_id, most)
    acts.record(
        session, SMS_GATEWAY_ACT, actor, "account.sms_range_limit_changed", account_id=account_id,
        target_id=account_id, reason=reason, most=most,
    )  # fmt: skip
    return get_sms_range_limit(session, actor=actor, now=now, account_id=account_id)


def _view(row: Any) -> dict[str, Any]:
    return {**row._mapping, "account_id": _account_of(row)}


def _account_of(row: Any) -> UUID | None:
    account_id: UUID = row.account_id
    return None if account_id == EVERYBODY else account_id
