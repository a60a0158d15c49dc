"""What channels tell of the messages of campaigns of steps, noted of the people whom they are to: many at a time.

Ordinary campaigns' events come by the same lane, by the million: which campaigns are steps is remembered, so that those
cost a look into a dictionary each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns.domain import people as domain
from campaigns.store import people as store
from campaigns.store.people import Family, Person
from chassis.database import Database, Session
from contracts.channel import CHANNELS
from contracts.ids import stem
from contracts.vocabulary import MessageState

# Until the message log has it, too.
READING_HEARD = timedelta(seconds=3)
REMEMBERED = 20_000
_STATES = {state.value: state for state in MessageState}
_HEAD = 28  # of a message id, before the recipient's number

Event = Mapping[str, Any]
ByNumber = dict[int, list[Event]]


class PeopleHeard:
    """Notes events; twice is as once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._steps: dict[str, tuple[UUID, int] | None] = {}

    def hear(self, events: Iterable[Event], *, now: datetime) -> int:
        """How many of them are of a campaign's step."""
        by_campaign: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            by_campaign[str(event["campaign_id"])].append(event)
        steps = self._steps_among(by_campaign)
        if not steps:
            return 0
        by_family: dict[UUID, dict[int, list[Event]]] = defaultdict(dict)
        for key, (campaign_id, place) in steps.items():
            by_family[campaign_id][place] = by_campaign[key]
        with self._database.transaction() as session:
            families = store.families(session, by_family)
            # Of all of them people are locked before anything is counted: see `store.people`.
            told = [
                _told(session, families[campaign_id], by_family[campaign_id])
                for campaign_id in sorted(families, key=str)
            ]
            for one in told:
                _note(session, one, now)
        return sum(len(by_campaign[key]) for key in steps)

    def _steps_among(self, campaign_ids: Collection[str]) -> dict[str, tuple[UUID, int]]:
        """Campaign and place of those that are steps.

        A campaign's messages are told of after it has been made: what is none now never becomes a step.
        """
        known = {key: self._steps[key] for key in campaign_ids if key in self._steps}
        unknown = {key: parsed for key in campaign_ids if key not in known and (parsed := _uuid(key)) is not None}
        if unknown:
            with self._database.transaction() as session:
                found = store.steps_among(session, unknown.values())
            known |= {key: found.get(parsed) for key, parsed in unknown.items()}
            if len(self._steps) + len(unknown) > REMEMBERED:
                self._steps.clear()
            self._steps |= known
        return {key: step for key, step in known.items() if step is not None}


@dataclass
class _Told:
    """People of one campaign, locked, and what is told of each: places and events."""

    family: Family
    people: Mapping[int, Person]
    of: Mapping[int, list[tuple[int, Event]]]


def _told(session: Session, family: Family, by_place: Mapping[int, Sequence[Event]]) -> _Told:
    told: dict[int, list[tuple[int, Event]]] = defaultdict(list)
    for place, events in by_place.items():
        by_number = _by_number(family, place, events)
        person_of = store.persons_of(session, family.steps[place].id, place, by_number)
        for number, theirs in by_number.items():
            if (person := person_of.get(number)) is not None:
                told[person] += [(place, event) for event in theirs]
    return _Told(family, store.lock(session, family, told), told)


def _note(session: Session, told: _Told, now: datetime) -> None:
    changed, rest = [], timedelta()
    for number, known in told.people.items():
        before = known.chain
        for place, event in sorted(told.of[number], key=_at):
            rest = max(rest, _tell(told.family, known, place, event, now))
        if known.chain != before:
            changed.append(known)
    if changed:
        store.save(session, told.family, changed, now=now, rest=rest)


def _at(told: tuple[int, Event]) -> float:
    return float(told[1]["at"])


def _by_number(family: Family, place: int, events: Sequence[Event]) -> ByNumber:
    """By the recipient's number in the step, of messages of its send."""
    send_id = family.steps[place].send_id
    head = None if send_id is None else stem(send_id)
    found: ByNumber = defaultdict(list)
    for event in events:
        message_id = str(event["message_id"])
        if message_id[:_HEAD] == head and len(message_id) == _HEAD + 8:
            found[int(message_id[_HEAD:], 16)].append(event)
    return found


def _tell(family: Family, person: Person, place: int, event: Event, now: datetime) -> timedelta:
    """Note one event; how long it takes before others know it, too."""
    state = _STATES.get(event["kind"])
    if state is None:
        person.chain = domain.engaged(person.chain, place)
        return READING_HEARD
    person.chain = domain.heard(
        person.chain, place, state, datetime.fromtimestamp(float(event["at"]), UTC), now, event.get("code"),
        unreachable=CHANNELS[family.steps[place].channel].unreachable,
    )  # fmt: skip
    return timedelta()


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
