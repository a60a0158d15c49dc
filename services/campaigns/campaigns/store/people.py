"""People of campaigns of steps: rows, and the chains that they are; many in one statement.

Locks are taken in one order: people by campaign and number, then campaigns, then figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns import domain
from campaigns.domain import chains
from campaigns.domain import people as domain_people
from campaigns.domain.chains import Chain, GoOn, Step
from campaigns.domain.people import Figures
from campaigns.store.chains import go_on_of
from chassis.database import changed, columns, cursor_of
from contracts.vocabulary import CampaignState, Channel, StepState

_TIMES = {
    "a": "asked_at", "t": "tried_at", "s": "sent_at", "l": "looked_at", "u": "unanswered_since", "d": "delivered_at",
    "r": "read_at", "e": "ended_at", "o": "left_at",
}  # fmt: skip
_PEOPLE = "SELECT campaign_id, number, numbers, steps FROM campaign_people p"
_FAMILIES = text(
    "SELECT c.id, c.account_id, c.state, jsonb_path_query_array(c.steps, '$[*].go_on') AS rules, s.id AS step_id,"
    " s.channel, s.send_id, s.awaits_more, s.state AS step_state FROM campaigns c JOIN campaigns s ON s.step_of = c.id"
    " WHERE c.id = ANY(:ids) ORDER BY c.id, s.place"
)
_SAVE = (
    "INSERT INTO campaign_people AS p"
    " (campaign_id, number, state, place, reached_place, is_due, due_at, numbers, steps)"
    " SELECT campaign_id, number, state, place, reached_place, is_due, due_at, numbers::int[], steps"
    " FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::smallint[], %s::smallint[], %s::bool[], %s::timestamptz[],"
    "  %s::text[], %s::jsonb[])"
    "  AS n(campaign_id, number, state, place, reached_place, is_due, due_at, numbers, steps)"
    " ON CONFLICT (campaign_id, number) DO UPDATE SET state = excluded.state, place = excluded.place,"
    " reached_place = excluded.reached_place, is_due = excluded.is_due, due_at = excluded.due_at,"
    " numbers = excluded.numbers, steps = excluded.steps"
)
_COUNT = (
    "INSERT INTO campaign_step_counts AS c (campaign_id, place, state, people)"
    " SELECT * FROM unnest(%s::uuid[], %s::smallint[], %s::text[], %s::int[])"
    " ON CONFLICT (campaign_id, place, state) DO UPDATE SET people = c.people + excluded.people"
)
_GATHER = text(
    "WITH due AS MATERIALIZED (SELECT number FROM campaign_people WHERE campaign_id = :campaign AND is_due"
    "  AND place = :place ORDER BY number LIMIT :limit FOR UPDATE SKIP LOCKED),"
    " counted AS (SELECT count(*) AS n FROM due),"
    " grown AS (UPDATE campaigns c SET recipients = c.recipients + counted.n FROM counted WHERE c.id = :step"
    "  AND c.lease_owner = :owner AND c.state = 'sending' AND c.awaits_more AND counted.n > 0"
    "  RETURNING c.recipients - counted.n AS before),"
    " numbered AS (SELECT due.number AS person,"
    "  grown.before + row_number() OVER (ORDER BY due.number) AS number FROM due, grown),"
    " queued AS (INSERT INTO campaign_queue (campaign_id, number, person) SELECT :step, number, person FROM numbered),"
    " noted AS (UPDATE campaign_people p SET is_due = false, numbers[CAST(:place AS int) + 1] = n.number"
    "  FROM numbered n WHERE p.campaign_id = :campaign AND p.number = n.person RETURNING 1)"
    " SELECT count(*) FROM noted"
)
_CLOSE = text(
    "UPDATE campaigns c SET awaits_more = false WHERE c.id = :step AND c.lease_owner = :owner AND c.awaits_more"
    " AND c.state = 'sending'"
    " AND NOT EXISTS (SELECT FROM campaigns b WHERE b.step_of = :campaign AND b.place = :place - 1"
    "  AND (b.awaits_more OR b.dispatched_to < b.recipients))"
    " AND NOT EXISTS (SELECT FROM campaign_people p WHERE p.campaign_id = :campaign AND p.place < :place)"
    " AND NOT EXISTS (SELECT FROM campaign_people p WHERE p.campaign_id = :campaign AND p.is_due AND p.place = :place)"
    " RETURNING c.recipients"
)
# Campaigns of which anybody is to be asked about are few, and are found by stepping through the index; in any order, so
# that none waits for another. Of one that is paused nobody is touched.
_TAKE_DUE = text(
    "WITH RECURSIVE waiting AS ("
    " (SELECT campaign_id FROM campaign_people WHERE due_at IS NOT NULL ORDER BY campaign_id LIMIT 1)"
    " UNION ALL SELECT (SELECT p.campaign_id FROM campaign_people p WHERE p.due_at IS NOT NULL"
    "  AND p.campaign_id > w.campaign_id ORDER BY p.campaign_id LIMIT 1)"
    "  FROM waiting w WHERE w.campaign_id IS NOT NULL),"
    " going AS MATERIALIZED (SELECT c.id FROM waiting w JOIN campaigns c ON c.id = w.campaign_id"
    "  WHERE c.state <> 'paused' ORDER BY random()),"
    " due AS MATERIALIZED (SELECT one.campaign_id, one.number FROM going CROSS JOIN LATERAL"
    "  (SELECT p.campaign_id, p.number FROM campaign_people p WHERE p.campaign_id = going.id AND p.due_at <= :now"
    "   ORDER BY p.due_at LIMIT :limit FOR UPDATE SKIP LOCKED) one LIMIT :limit)"
    " UPDATE campaign_people p SET due_at = :until FROM due"
    " WHERE p.campaign_id = due.campaign_id AND p.number = due.number"
    " RETURNING p.campaign_id, p.number, p.numbers, p.steps"
)


# People are listed for so long after the campaign's end; the counts stay.
PEOPLE_KEPT = timedelta(days=90)


class StepCampaign(NamedTuple):
    """A campaign that is a step."""

    id: UUID
    channel: Channel
    send_id: UUID | None
    is_open: bool


@dataclass(frozen=True)
class Family:
    """A campaign of steps that has started, and its steps."""

    id: UUID
    account_id: UUID
    state: CampaignState
    rules: tuple[GoOn, ...]
    steps: tuple[StepCampaign, ...]

    @cached_property
    def first(self) -> Chain:
        """As each person begins."""
        return domain_people.begun(self.rules)

    @property
    def is_ended(self) -> bool:
        """Whether it was cancelled or has failed: then nothing more leaves, whoever is in a step's queue."""
        return self.state in (CampaignState.CANCELLED, CampaignState.FAILED)

    def takes(self, place: int) -> bool:
        """Whether somebody may still come to that step."""
        return self.state not in domain.FINAL and self.steps[place].is_open


@dataclass
class Person:
    """:ivar counted: what of them is in the figures."""

    campaign_id: UUID
    number: int
    chain: Chain
    numbers: list[int]
    counted: Figures = field(default_factory=Counter)


def families(session: Session, campaign_ids: Collection[UUID]) -> dict[UUID, Family]:
    """Campaigns of steps that have started, by id."""
    found: dict[UUID, list[Any]] = {}
    for row in session.execute(_FAMILIES, {"ids": list(campaign_ids)}):
        found.setdefault(row.id, []).append(row)
    return {campaign_id: _family(rows) for campaign_id, rows in found.items()}


def _family(rows: Sequence[Any]) -> Family:
    one = rows[0]
    rules = (*(go_on_of(rule) for rule in one.rules[:-1]), GoOn())
    steps = tuple(
        StepCampaign(
            row.step_id, Channel(row.channel), row.send_id,
            place == 0 or (row.awaits_more and row.step_state not in ("sent", "cancelled", "failed")),
        )
        for place, row in enumerate(rows)
    )  # fmt: skip
    return Family(one.id, one.account_id, CampaignState(one.state), rules, steps)


def steps_among(session: Session, campaign_ids: Collection[UUID]) -> dict[UUID, tuple[UUID, int]]:
    """Campaign and place of those of these campaigns that are steps."""
    rows = session.execute(
        text("SELECT id, step_of, place FROM campaigns WHERE id = ANY(:ids) AND step_of IS NOT NULL"),
        {"ids": list(campaign_ids)},
    )
    return {row.id: (row.step_of, row.place) for row in rows}


def persons_of(session: Session, step_id: UUID, place: int, numbers: Collection[int]) -> dict[int, int]:
    """Who has these numbers in a step: their numbers in the audience. In the first step they are the same."""
    if place == 0:
        return {number: number for number in numbers}
    rows = session.execute(
        text("SELECT number, person FROM campaign_queue WHERE campaign_id = :step AND number = ANY(:numbers)"),
        {"step": step_id, "numbers": list(numbers)},
    )
    return {row.number: row.person for row in rows}


def queued(session: Session, step_id: UUID, *, after: int, up_to: int) -> dict[int, int]:
    """The same of the numbers that lie between."""
    rows = session.execute(
        text(
            "SELECT number, person FROM campaign_queue WHERE campaign_id = :step AND number > :after AND number <= :to"
        ),
        {"step": step_id, "after": after, "to": up_to},
    )
    return {row.number: row.person for row in rows}


def lock(session: Session, family: Family, numbers: Collection[int]) -> dict[int, Person]:
    """Those of these people of whom something is kept."""
    statement = text(f"{_PEOPLE} WHERE campaign_id = :id AND number = ANY(:numbers) ORDER BY number FOR UPDATE")
    rows = session.execute(statement, {"id": family.id, "numbers": sorted(numbers)})
    return {row.number: _person(row, family) for row in rows}


def new(family: Family, number: int) -> Person:
    """Somebody of whom nothing is kept yet: their first step is due."""
    numbers = [0] * len(family.steps)
    numbers[0] = number
    return Person(family.id, number, family.first, numbers)


def take_due(
    session: Session, *, now: datetime, lasts: timedelta, limit: int
) -> tuple[int, dict[UUID, list[tuple[int, list[int], Any]]]]:
    """How many were taken whose open step's channel is to be asked, for `lasts` nobody else's, and those by campaign.
    Of one that is paused they wait."""
    asked = {"now": now, "until": now + lasts, "limit": limit}
    taken: dict[UUID, list[tuple[int, list[int], Any]]] = {}
    rows = session.execute(_TAKE_DUE, asked).all()
    for row in rows:
        taken.setdefault(row.campaign_id, []).append((row.number, row.numbers, row.steps))
    return len(rows), taken


def save(session: Session, family: Family, people: Iterable[Person], *, now: datetime, rest: timedelta) -> None:
    """Write what has become of people who are locked, or new, and what that changes of the figures.

    :param rest: their channels are asked at the earliest after so long.
    """
    rows, changes = [], Counter[tuple[int, str]]()
    for person in people:
        chain, look_at = domain_people.next_look(person.chain, now)
        due = domain_people.is_queued_for(chain)
        is_in_vain = family.is_ended or (due is not None and not _is_in_queue(person, due) and not family.takes(due))
        if due is not None and is_in_vain:
            chain, due = chains.never_sent(chain), None
        person.chain = chain
        counted = domain_people.figures(chain)
        changes.update(counted)
        changes.subtract(person.counted)
        person.counted = counted
        is_due = due is not None and not _is_in_queue(person, due)
        rows.append(
            (
                family.id, person.number, str(chain.state), chain.open_step, chain.reached_by, is_due,
                None if look_at is None else max(look_at, now + rest), f"{{{','.join(map(str, person.numbers))}}}",
                _written(chain),
            )
        )  # fmt: skip
    with cursor_of(session) as cursor:
        cursor.execute(_SAVE, columns(sorted(rows, key=lambda row: row[1]), 9))
        moved = [(family.id, *key, amount) for key, amount in sorted(changes.items()) if amount]
        if moved:
            cursor.execute(_COUNT, columns(moved, 4))


def _is_in_queue(person: Person, place: int) -> bool:
    """Whether the step that is due has their number, and so will come to them."""
    return place == 0 or person.numbers[place] != 0


def gather(session: Session, *, owner: UUID, campaign_id: UUID, step_id: UUID, place: int, limit: int) -> int:
    """Give those whose turn on the step has come their numbers in it; how many, none where the lease is lost."""
    asked = {"owner": owner, "campaign": campaign_id, "step": step_id, "place": place, "limit": limit}
    return int(session.scalar(_GATHER, asked) or 0)


def close(session: Session, *, owner: UUID, campaign_id: UUID, step_id: UUID, place: int) -> int | None:
    """Nobody comes to the step any more, where that is so: how many have."""
    asked = {"owner": owner, "campaign": campaign_id, "step": step_id, "place": place}
    found: int | None = session.scalar(_CLOSE, asked)
    return found


def listed(
    session: Session, *, campaign_id: UUID, after: int, limit: int, state: str | None, reached_place: Sequence[int]
) -> Sequence[Any]:
    """In the order of their numbers; each place has them in that order in its index."""
    them = (
        "SELECT number, state, reached_place, numbers, steps FROM campaign_people WHERE campaign_id = :id"
        " AND number > :after AND (CAST(:state AS text) IS NULL OR state = :state){where} ORDER BY number LIMIT :limit"
    )
    of_places = (
        "SELECT p.* FROM unnest(CAST(:places AS smallint[])) AS reached(place)"
        f" CROSS JOIN LATERAL ({them.format(where=' AND reached_place = reached.place')}) p"
        " ORDER BY number LIMIT :limit"
    )
    statement = text(of_places if reached_place else them.format(where=""))
    asked = {"id": campaign_id, "after": after, "state": state, "limit": limit}
    if reached_place:
        asked["places"] = list(reached_place)
    return session.execute(statement, asked).all()


def counts(session: Session, campaign_id: UUID) -> Figures:
    rows = session.execute(
        text("SELECT place, state, people FROM campaign_step_counts WHERE campaign_id = :id"), {"id": campaign_id}
    )
    return Counter({(row.place, row.state): row.people for row in rows})


def waiting_at_closed(session: Session, campaign_id: UUID, *, after: int, limit: int) -> list[int]:
    """Who is on a step, of a campaign that is over, in the order of their numbers: those above `after`."""
    statement = text(
        "SELECT number FROM campaign_people WHERE campaign_id = :id AND number > :after AND place IS NOT NULL"
        " ORDER BY number LIMIT :limit"
    )
    return list(session.scalars(statement, {"id": campaign_id, "after": after, "limit": limit}))


def forget_old(session: Session, *, limit: int) -> int:
    """Delete people of campaigns that were settled long ago, so many; how many. What was counted of them stays."""
    return _forget_of(session, "campaign_people", "c.step_channels IS NOT NULL", limit)


def forget_old_queues(session: Session, *, limit: int) -> int:
    """The same of who had which number in their steps."""
    return _forget_of(session, "campaign_queue", "c.place > 0", limit)


def _forget_of(session: Session, table: str, which: str, limit: int) -> int:
    return changed(
        session,
        f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT p.ctid FROM campaigns c"
        f" JOIN {table} p ON p.campaign_id = c.id WHERE {which} AND c.settled_at < now() - :kept"
        " LIMIT :limit FOR UPDATE OF p SKIP LOCKED))",
        kept=PEOPLE_KEPT,
        limit=limit,
    )


def drop(session: Session, campaign_id: UUID, *, limit: int) -> int:
    """Delete people of a campaign that is about to be deleted, so many; how many."""
    return changed(
        session,
        "DELETE FROM campaign_people WHERE ctid = ANY (ARRAY(SELECT ctid FROM campaign_people"
        " WHERE campaign_id = :id LIMIT :limit FOR UPDATE))",
        id=campaign_id,
        limit=limit,
    )


# --- as they are kept


def person_of(family: Family, number: int, numbers: list[int], steps: Any) -> Person:
    chain = Chain(tuple(_step(rule, kept) for rule, kept in zip(family.rules, steps, strict=True)))
    return Person(family.id, number, chain, list(numbers), domain_people.figures(chain))


def _person(row: Any, family: Family) -> Person:
    return person_of(family, row.number, row.numbers, row.steps)


def _step(rule: GoOn, kept: Mapping[str, Any]) -> Step:
    times: dict[str, Any] = {
        _TIMES[key]: datetime.fromtimestamp(value, UTC) for key, value in kept.items() if key in _TIMES
    }
    return Step(go_on=rule, state=StepState(kept["x"]), code=kept.get("c"), asked_back=kept.get("b", False), **times)


def _written(chain: Chain) -> str:
    return orjson.dumps([_kept(step) for step in chain.steps]).decode()


def _kept(step: Step) -> dict[str, Any]:
    kept: dict[str, Any] = {"x": step.state.value}
    if step.code is not None:
        kept["c"] = step.code
    if step.asked_back:
        kept["b"] = True
    for key, name in _TIMES.items():
        if (moment := getattr(step, name)) is not None:
            kept[key] = moment.timestamp()
    return kept
