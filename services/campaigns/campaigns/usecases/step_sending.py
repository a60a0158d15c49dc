"""What the dispatcher does otherwise with a campaign that is a step: whom it reads, and who is in a batch at last.

Between the reading and the recording of a batch an earlier step may have reached somebody. In the transaction that
records the batch each person is locked and looked at once more: who need not get it is left out, and for everybody
else the step may have left from there on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from campaigns import domain
from campaigns.domain import people as domain_people
from campaigns.store import people as store
from campaigns.store.batches import Gone
from campaigns.store.leases import LeasedCampaign
from campaigns.store.people import Family, Person
from campaigns.usecases.ports import Ask
from chassis.database import Database, Session
from contracts.vocabulary import LeftOut, StepState

GATHERED_AT_ONCE = 5_000
READ_DEADLINE = 10.0
READ_AHEAD = 20_000  # nobody is read who is further from who was sent to last


@dataclass
class Locked:
    """The people of a batch-to-be of a step, and which of them have nothing to get any more."""

    family: Family
    place: int
    person_by_number: dict[int, int]
    people: dict[int, Person]
    excluded: frozenset[int]

    def person(self, number: int) -> Person | None:
        """Whose number in the step it is; new in the first step."""
        person_number = self.person_by_number.get(number)
        if person_number is None:
            return None
        known = self.people.get(person_number)
        if known is None and self.place == 0:
            known = self.people[person_number] = store.new(self.family, person_number)
        return known


def read(
    database: Database, ask: Ask, campaign: LeasedCampaign, *, after: int, up_to: int
) -> tuple[list[dict[str, Any]], list[tuple[int, str]], dict[int, str]]:
    """Recipients with these numbers in the step, who is left out and why, and their contacts by number.

    :raises WiciError: contacts does not answer.
    """
    assert campaign.step_of is not None and campaign.place is not None
    if campaign.place == 0:
        by_number = {number: number for number in range(after + 1, up_to + 1)}
    else:
        with database.transaction() as session:
            by_number = store.queued(session, campaign.id, after=after, up_to=up_to)
    number_of = {person: number for number, person in by_number.items()}
    asked = {
        "snapshot_id": str(domain.snapshot_id(campaign.step_of)), "channel": str(campaign.channel),
        "numbers": sorted(number_of), "campaign_id": str(campaign.id), "step_of": str(campaign.step_of),
    }  # fmt: skip
    page = ask("contacts.read_step_audience", asked, deadline=READ_DEADLINE)
    recipients = [{**one, "number": number_of[one["number"]]} for one in page["recipients"]]
    left_out = [
        (number_of[person], str(LeftOut(reason))) for reason, people in page["left_out"].items() for person in people
    ]
    contacts = {number_of[person]: contact_id for person, contact_id in page["left_out_contacts"]}
    return sorted(recipients, key=_number), sorted(left_out), contacts


def _number(recipient: dict[str, Any]) -> int:
    return int(recipient["number"])


def lock(session: Session, campaign: LeasedCampaign, numbers: Collection[int]) -> Locked:
    """The people with these numbers in the step; call for several campaigns in the order of `step_of`."""
    assert campaign.step_of is not None and campaign.place is not None
    family, place = store.families(session, [campaign.step_of])[campaign.step_of], campaign.place
    by_number = store.persons_of(session, campaign.id, place, numbers)
    people = store.lock(session, family, by_number.values())
    excluded = set()
    for number in numbers if place else ():
        known = people.get(by_number.get(number, 0))
        is_theirs = known is not None and known.numbers[place] == number
        if known is None or not is_theirs or known.chain.steps[place].state is not StepState.DUE:
            excluded.add(number)
    return Locked(family, place, by_number, people, frozenset(excluded))


def note(session: Session, locked: Locked, sent_to: Iterable[int], gone: Sequence[Gone], now: datetime) -> None:
    """The batch is recorded: from here on the step may have left to those it holds."""
    touched: dict[int, Person] = {}
    for number in sent_to:
        if (person := locked.person(number)) is not None:
            person.chain = domain_people.dispatched(person.chain, locked.place, now)
            touched[person.number] = person
    for one in gone:
        if (person := locked.person(one.number)) is None:
            continue
        if one.number in locked.excluded:
            if person.numbers[locked.place] == one.number:
                person.numbers[locked.place] = 0  # should their turn come once more, they get another number
        else:
            person.chain = domain_people.left_out(person.chain, locked.place, now, LeftOut(one.reason))
        touched[person.number] = person
    if touched:
        store.save(session, locked.family, touched.values(), now=now, rest=timedelta())


def read_ahead(database: Database, campaign: LeasedCampaign, *, after: int) -> Iterator[list[int]]:
    """The numbers in the audience of who has these in the step, as many as may have been read and not been sent to."""
    for start in range(after, min(campaign.recipients or 0, after + READ_AHEAD), GATHERED_AT_ONCE):
        with database.transaction() as session:
            found = store.queued(session, campaign.id, after=start, up_to=start + GATHERED_AT_ONCE)
        if found:
            yield sorted(found.values())


def gather(database: Database, owner: UUID, campaign: LeasedCampaign, announce: Callable[[Session, int], None]) -> int:
    """Let those come to the step whose turn it is; how many. Where nobody can come any more, it is closed.

    :param announce: in the transaction that closes it, with how many have come.
    """
    assert campaign.step_of is not None and campaign.place is not None
    named: dict[str, Any] = {"campaign_id": campaign.step_of, "step_id": campaign.id, "place": campaign.place}
    with database.transaction() as session:
        came = store.gather(session, owner=owner, **named, limit=GATHERED_AT_ONCE)
    if came:
        return came
    with database.transaction() as session:
        closed_with = store.close(session, owner=owner, **named)
        if closed_with is not None:
            announce(session, closed_with)
    return 0
