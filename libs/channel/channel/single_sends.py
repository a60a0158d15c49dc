"""Single messages handed in: requests of many callers at once, stored by one transaction within the leased quota.

A channel gives two functions: one checks a request as far as that is possible without the database, one stores checked
sends and says for each what was accepted, why it is refused, or what is missing of its account's lease.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from channel.quota_leases import LeaseKeeper
from chassis.database import Database, is_connection_lost
from chassis.gathering import Later, Request, Turns
from chassis.logs import get_logger
from contracts.errors import Unavailable, WiciError

# Units may be spent by others between leasing and storing; more turns than this mean that something else is wrong.
MOST_TURNS = 4

log = get_logger()


class Raced(Exception):
    """Another instance stored the same request in this moment; what it made is found when this is tried again."""


class Plan(Protocol):
    """One send, checked and not stored yet."""

    @property
    def account_id(self) -> UUID: ...


@dataclass(frozen=True)
class TooFewUnits:
    """The send takes more `units` than are `unspent` of its account's lease."""

    account_id: UUID
    units: int
    unspent: int


Answer = Any
"""What was accepted, the error that says why not, or `TooFewUnits`."""


class SingleSends:
    """Plans, leases what is missing, stores.

    :param store: `store(session, plans)`: an `Answer` for each, in order. :raises Raced: nothing is stored then.
    """

    def __init__(
        self, database: Database, keeper: LeaseKeeper, store: Callable[[Session, Sequence[Any]], Sequence[Answer]]
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._store_plans = store

    def send_requests(
        self, requests: Sequence[Request], turns: Turns, plan: Callable[[Any, dict[str, Any]], Plan]
    ) -> list[Answer]:
        """The answers to the requests of many callers, in order; `Later` where the call's time is over.

        :param plan: `plan(actor, payload)`. :raises WiciError: the request cannot be sent.
        """
        answers: list[Any] = [_planned(plan, request) for request in turns.of(requests)]
        places = [place for place, answer in enumerate(answers) if not isinstance(answer, WiciError | Later)]
        stored = self.send([answers[place] for place in places])
        for place, answer in zip(places, stored, strict=True):
            answers[place] = answer
        return answers

    def send_one(self, plan: Plan) -> Any:
        """What was accepted of one send. :raises WiciError: why it cannot be sent."""
        (answer,) = self.send([plan])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def check(self, plan: Plan) -> None:
        """Store the send and roll it back. :raises WiciError: why it cannot be sent, as things are now."""
        answer: Answer = None
        for _ in range(MOST_TURNS):
            answer = self._tried(plan)
            if not isinstance(answer, TooFewUnits):
                break
            answer = self._extend(plan.account_id, answer.units)
            if answer is not None:
                break
        if isinstance(answer, Exception):
            raise answer

    def _tried(self, plan: Plan) -> Answer:
        """What storing it would answer; nothing is stored."""
        with self._database.transaction() as session:
            (answer,) = self._store_plans(session, [plan])
            session.rollback()
        return answer

    def send(self, plans: Sequence[Plan]) -> list[Answer]:
        """Store the plans' messages; an account whose quota does not suffice for all gets the first that fit.

        Never raises: an error, foreseen or not, is the answer of the plan that has it.
        """
        answers: list[Any] = [None] * len(plans)
        left = list(range(len(plans)))
        for _ in range(MOST_TURNS):
            if not left:
                break
            for place, answer in zip(left, self.store([plans[place] for place in left]), strict=True):
                answers[place] = answer
            left = self._lease(answers, left)
        for place in left:
            answers[place] = Unavailable("quota.busy", "The quota is being settled; try again.", {"retry_after": 1})
        return answers

    def store(self, plans: Sequence[Plan]) -> list[Any]:
        """Answers by plan, `TooFewUnits` where more have to be leased first. It asks nobody, so that no account's lease
        is waited for by another's messages. What the database refuses is looked for by halves.

        Never raises: what was stored in an earlier turn must not be handled once more."""
        error: Exception = Raced()
        for _ in range(MOST_TURNS):
            try:
                with self._database.transaction() as session:
                    return list(self._store_plans(session, plans))
            except Raced:
                continue
            except Exception as unforeseen:
                error = unforeseen
                break
        if len(plans) == 1 or is_connection_lost(error):
            return [error] * len(plans)
        log.warning("sends_not_stored_together", sends=len(plans), error=error)
        half = len(plans) // 2
        return self.store(plans[:half]) + self.store(plans[half:])

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


def _planned(plan: Callable[[Any, dict[str, Any]], Plan], request: Request | None) -> Any:
    if request is None:
        return Later()
    actor, payload = request
    try:
        return plan(actor, payload)
    except WiciError as error:
        return error
