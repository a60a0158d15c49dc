"""What time brings to people of campaigns of steps: before the next step takes over for lack of a receipt, the channel
is asked what has become of the message, and to take it back. Many in one call: nobody is asked about one message.

Nothing is asked of others inside a transaction. Who is taken is nobody else's for as long as a lease; should the
process be killed between, another asks again, and what was noted twice is noted once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns.domain import chains
from campaigns.domain import people as domain
from campaigns.store import people as store
from campaigns.store.people import Family, Person
from campaigns.usecases.ports import Call
from chassis.database import Database
from chassis.logs import get_logger
from chassis.rpc_client import RemoteFailure
from contracts.channel import CHANNELS
from contracts.errors import WiciError
from contracts.ids import message_id
from contracts.rpc import Actor
from contracts.vocabulary import Channel, MessageState, StepState

AT_ONCE = 1_000
CALL_SECONDS = 8.0
LOG = "reporting"
AGAIN = timedelta(seconds=2)  # after somebody who did not answer

log = get_logger()


@dataclass
class Asked:
    """People of one campaign whose message on one step is asked about.

    :ivar is_over: their time is over, or they were reached otherwise; else only whether they have read it is asked.
    :ivar is_unheard: it was given to the channel, and nothing has been heard of it: how it stands is asked.
    :ivar number_of: their numbers in the audience, by message id.
    :ivar answers: of the channel, by message id; None: it has not answered.
    :ivar read: who has read it, and :ivar known: whom the message log knows; None: it has not answered.
    """

    family: Family
    place: int
    is_over: bool
    is_unheard: bool
    number_of: dict[str, int] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] | None = None
    read: frozenset[str] | None = frozenset()
    known: frozenset[str] = frozenset()

    @property
    def waits_for_reading(self) -> bool:
        return self.family.rules[self.place].not_read is not None

    @property
    def channel(self) -> Channel:
        return self.family.steps[self.place].channel

    @property
    def asks(self) -> set[str]:
        """Who is asked about them."""
        asks_log = self.waits_for_reading and not self.is_unheard
        return ({LOG} if asks_log else set()) | ({self.channel} if self.is_over else set())


def look(database: Database, call: Call, *, now: datetime, lasts: timedelta) -> bool:
    """Ask about some of whom it is time to ask; whether there may be more."""
    with database.transaction() as session:
        count, taken = store.take_due(session, now=now, lasts=lasts, limit=AT_ONCE)
        families = store.families(session, taken)
    silent: set[str] = set()
    for campaign_id, rows in sorted(taken.items()):
        if (family := families.get(campaign_id)) is not None:
            waiting = _by_step(family, [store.person_of(family, *row) for row in rows], now)
            _write(database, _ask_all(call, waiting, silent), taken_at=now)
    return count == AT_ONCE


def _ask_all(call: Call, waiting: Sequence[Asked], silent: set[str]) -> list[Asked]:
    """Those of them who were asked about. Who has not answered once is not asked about others of this look, whose lease
    would be over meanwhile: they are taken again after it.

    :param silent: who has not answered; it grows.
    """
    asked = []
    for one in waiting:
        if one.asks & silent:
            continue
        _ask(call, one)
        if one.read is None:
            silent.add(LOG)
        if one.answers is None:
            silent.add(one.channel)
        asked.append(one)
    return asked


def _by_step(family: Family, people: Sequence[Person], now: datetime) -> list[Asked]:
    found: dict[tuple[int, bool, bool], Asked] = {}
    for person in people:
        place = person.chain.open_step
        if place is None or family.steps[place].send_id is None:
            continue
        step = person.chain.steps[place]
        is_over = person.chain.is_stopped or step.sent_at is None or now >= step.deadline
        is_unheard = step.state is StepState.SENDING and not person.chain.is_stopped
        key = (place, is_over, is_unheard)
        asked = found.setdefault(key, Asked(family, *key))
        asked.number_of[str(_message_id(family, place, person.numbers))] = person.number
    return list(found.values())


def _message_id(family: Family, place: int, numbers: Sequence[int]) -> UUID:
    send_id = family.steps[place].send_id
    assert send_id is not None
    return message_id(send_id, numbers[place])


def _ask(call: Call, asked: Asked) -> None:
    """Whom there is to ask; never raises: who does not answer is asked again."""
    family, step = asked.family, asked.family.steps[asked.place]
    actor: Actor = {"account_id": str(family.account_id), "service": "campaigns", "request_id": str(family.id)}
    message_ids = sorted(asked.number_of)
    try:
        if LOG in asked.asks:
            found = call("reporting.find_read", actor, {"message_ids": message_ids}, deadline=CALL_SECONDS)
            asked.read, asked.known = frozenset(found["read"]), frozenset(found["known"])
    except (WiciError, RemoteFailure) as error:
        asked.read = None
        log.info("reading_not_known", error=getattr(error, "code", "failed"))
    # What somebody has read by now is theirs.
    wanted = [one for one in message_ids if asked.read is None or one not in asked.read]
    if not wanted or not asked.is_over:
        asked.answers = {}
        return
    method = CHANNELS[step.channel].call("take_back_messages")
    payload = {"message_ids": wanted, "is_wanted_back": not asked.is_unheard}
    try:
        answer = call(method, actor, payload, deadline=CALL_SECONDS)
        asked.answers = {one["id"]: one for one in answer["messages"]}
    except (WiciError, RemoteFailure) as error:
        log.warning("step_not_asked_about", channel=step.channel, error=getattr(error, "code", "failed"))


def _write(database: Database, asked: Sequence[Asked], *, taken_at: datetime) -> None:
    """What came of it, in one transaction; whoever has moved on meanwhile stays where they are."""
    if not asked:
        return
    family = asked[0].family
    with database.transaction() as session:
        family = store.families(session, [family.id]).get(family.id, family)
        people = store.lock(session, family, [number for one in asked for number in one.number_of.values()])
        for place, key, number, one in _each(asked):
            if (person := people.get(number)) is not None and person.chain.open_step == place:
                person.chain = _after(person.chain, one, key, taken_at)
        store.save(session, family, people.values(), now=taken_at, rest=AGAIN)


def _each(asked: Sequence[Asked]) -> Iterator[tuple[int, str, int, Asked]]:
    for one in asked:
        for key, number in one.number_of.items():
            yield one.place, key, number, one


def _after(chain: chains.Chain, asked: Asked, key: str, now: datetime) -> chains.Chain:
    place = asked.place
    if asked.read is not None and key in asked.read:
        return chains.read(chain, place, now, now)
    found = None if asked.answers is None else asked.answers.get(key)
    if chain.steps[place].state is StepState.SENDING:
        return _after_unheard(chain, asked, found, now)
    if asked.answers is None or asked.read is None:
        return chains.not_answered(chain, place, now, now)
    is_revoked = found is not None and found["revoked"]
    if asked.waits_for_reading and key not in asked.known and not (is_revoked or chain.is_stopped):
        # The log does not have it yet, so that nobody can say whether it has been read.
        return chains.not_answered(chain, place, now, now)
    if not asked.is_over:
        return chains.looked(chain, place, now)
    if found is None:  # the channel has not got to it yet, or has forgotten it
        return chains.not_taken_back(chains.looked(chain, place, now), place)
    chain = _heard(chain, asked, found, now)
    if is_revoked:
        return chains.taken_back(chain, place, now)
    chain = chains.looked(chain, place, now)
    # Its provider is being asked where that is not known: it is asked again, as if it had not answered.
    return (
        chains.not_answered(chain, place, now, now) if found["revoked"] is None else chains.not_taken_back(chain, place)
    )


def _heard(chain: chains.Chain, asked: Asked, found: Mapping[str, Any], now: datetime) -> chains.Chain:
    unreachable = CHANNELS[asked.family.steps[asked.place].channel].unreachable
    state, code = MessageState(found["state"]), found.get("code")
    return domain.heard(chain, asked.place, state, now, now, code, unreachable=unreachable)


def _after_unheard(chain: chains.Chain, asked: Asked, found: Mapping[str, Any] | None, now: datetime) -> chains.Chain:
    """What the channel says of a message of which nothing was heard; where it does not know it, its batch is still to
    come to it, or was withdrawn with the campaign. Of whom was reached otherwise `next_look` ends it."""
    place = asked.place
    if found is not None:
        chain = _heard(chain, asked, found, now)
        if found["revoked"]:
            return chains.taken_back(chain, place, now)
        return chain if chain.steps[place].state is not StepState.SENDING else chains.looked(chain, place, now)
    if chain.is_stopped:
        return chain
    if asked.answers is not None and asked.family.is_ended:
        return chains.given_up(chain, place, now)
    return chains.looked(chain, place, now)
