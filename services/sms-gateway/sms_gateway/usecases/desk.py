"""Where single messages are handed in: requests of many callers at once, stored by one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database import Database, may_be_committed
from chassis.gathering import Request
from chassis.logs import get_logger
from chassis.quota_leases import LeaseKeeper
from contracts import sms_gateway as contract
from contracts.errors import Unauthenticated, Unavailable, WiciError
from contracts.rpc import Actor
from contracts.schema import load
from sms_gateway.exceptions import Raced
from sms_gateway.usecases.sending import Plan, TooFewUnits, plan_send, store_sends

# Units may be spent by others between leasing and storing; more turns than this mean that something else is wrong.
MOST_TURNS = 4

log = get_logger()


def account_of(actor: Actor) -> UUID:
    """:raises Unauthenticated: nobody's request."""
    account_id = actor.get("account_id")
    if not account_id:
        raise Unauthenticated("account.missing", "This is asked for on behalf of an account.")
    return UUID(account_id)


class Desk:
    """Plans, leases what is missing, stores."""

    def __init__(self, database: Database, keeper: LeaseKeeper, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keeper = keeper
        self._now = now

    def send_requests(self, requests: Sequence[Request]) -> list[dict[str, Any] | Exception]:
        """The answers to POST /v1/sms of many callers, in order."""
        answers: list[Any] = [self._plan(actor, payload) for actor, payload in requests]
        places = [place for place, answer in enumerate(answers) if isinstance(answer, Plan)]
        stored = self.send([answers[place] for place in places])
        for place, answer in zip(places, stored, strict=True):
            answers[place] = answer
        return answers

    def send(self, plans: Sequence[Plan]) -> list[dict[str, Any] | Exception]:
        """Store the plans' messages; an account whose quota does not suffice for all gets the first that fit.

        Never raises: an error, foreseen or not, is the answer of the plan that has it.
        """
        answers: list[Any] = [None] * len(plans)
        left = list(range(len(plans)))
        for _ in range(MOST_TURNS):
            if not left:
                break
            for place, answer in zip(left, self._store([plans[place] for place in left]), strict=True):
                answers[place] = answer
            left = self._lease(answers, left)
        for place in left:
            answers[place] = Unavailable("quota.busy", "The quota is being settled; try again.", {"retry_after": 1})
        return answers

    def _plan(self, actor: Any, payload: dict[str, Any]) -> Plan | WiciError:
        try:
            return plan_send(
                account_id=account_of(actor),
                request_key=actor.get("request_key"),
                trace_id=str(actor.get("request_id") or ""),
                request=load(contract.SmsCreate, payload),
                now=self._now(),
            )
        except WiciError as error:
            return error

    def _store(self, plans: Sequence[Plan]) -> list[Any]:
        """Answers by plan. Never raises: what was stored in an earlier turn must not be handled once more."""
        error: Exception = Raced()
        for _ in range(MOST_TURNS):
            try:
                with self._database.transaction() as session:
                    return store_sends(session, plans, now=self._now())
            except Raced:
                continue
            except Exception as unforeseen:
                error = unforeseen
                break
        if len(plans) == 1 or may_be_committed(error):
            return [error] * len(plans)
        log.warning("sends_not_stored_together", sends=len(plans), error=type(error).__name__)
        return [self._store([plan])[0] for plan in plans]

    def _lease(self, answers: list[Any], places: list[int]) -> list[int]:
        """Lease for those that wait; returns the places that are worth another turn."""
        waiting: dict[UUID, list[int]] = {}
        for place in places:
            if isinstance(answers[place], TooFewUnits):
                waiting.setdefault(answers[place].account_id, []).append(place)
        return [place for account_id, some in waiting.items() for place in self._lease_for(account_id, some, answers)]

    def _lease_for(self, account_id: UUID, places: list[int], answers: list[Any]) -> list[int]:
        """For all of them if the quota has that much, else for the first that fit into what it has."""
        waiting: dict[int, TooFewUnits] = {place: answers[place] for place in places}
        refusal = self._extend(account_id, sum(each.units for each in waiting.values()))
        if not isinstance(refusal, WiciError) or "remaining" not in refusal.extra:
            for place in places:
                answers[place] = refusal or answers[place]
            return [] if refusal else places
        left = refusal.extra["remaining"] + waiting[places[-1]].unspent
        again: list[int] = []
        for place, each in waiting.items():
            if each.units <= left:
                left -= each.units
                again.append(place)
            else:
                answers[place] = refusal
        if again:
            # Somebody else may have taken them meanwhile; the next turn then sees what is left.
            self._extend(account_id, sum(waiting[place].units for place in again))
        return again

    def _extend(self, account_id: UUID, units: int) -> Exception | None:
        """None, or why so many units cannot be had."""
        try:
            self._keeper.extend(account_id, units)
        except Exception as error:
            return error
        return None
