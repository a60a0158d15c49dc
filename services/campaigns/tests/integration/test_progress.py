"""A campaign's figures add up to its audience at every moment, whatever comes in which order and how often."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from campaigns.models import Campaign
from campaigns.store import batches, leases
from campaigns.store.batches import Advance, BatchRange, Reported
from campaigns.usecases import views
from chassis.database import Database
from contracts.vocabulary import LeftOut

RECIPIENTS = 40
OWNER = uuid4()
REASONS = st.sampled_from(list(LeftOut))
FATES = st.sampled_from(["submitted", "failed", "deferred", *LeftOut])


class Life:
    """One campaign as the dispatcher moves it, and the same in plain Python."""

    def __init__(self, database: Database) -> None:
        self.database, self.campaign_id = database, uuid4()
        with database.transaction() as session:
            session.add(
                Campaign(
                    id=self.campaign_id, account_id=uuid4(), name="c", channel="sms", state="sending", audience={},
                    content={}, options={}, recipients=RECIPIENTS, send_id=uuid4(), lease_owner=OWNER,
                )
            )  # fmt: skip
        self.reached = 0
        self.left_out = dict.fromkeys(map(str, LeftOut), 0)
        self.open: dict[UUID, int] = {}
        self.done: list[Reported] = []
        self.counted = {"submitted": 0, "failed": 0, "deferred": 0}

    def advance(self, people: list[LeftOut | None]) -> None:
        """The next people, each sent to or left out; once more in vain, as by a dispatcher that was away."""
        people = people[: RECIPIENTS - self.reached]
        numbers = [self.reached + at + 1 for at, reason in enumerate(people) if reason is None]
        gone = {str(reason): people.count(reason) for reason in people if reason is not None}
        batch = [BatchRange.of(uuid4(), self.campaign_id, numbers)] if numbers else []
        advance = Advance(self.campaign_id, self.reached, self.reached + len(people), None, gone)
        for wanted in [{self.campaign_id}, set()] if people else []:
            with self.database.transaction() as session:
                assert batches.record(session, owner=OWNER, advances=[advance], batches=batch) == wanted
        for each in batch:
            self.open[each.id] = each.size
        self.reached += len(people)
        for reason, count in gone.items():
            self.left_out[reason] += count

    def report(self, fates: list[str]) -> None:
        """The channel's word on an open batch, and once more on the one before."""
        if not self.open:
            return
        batch_id, size = self.open.popitem()
        fates = (fates * size)[:size]
        counts = {name: fates.count(name) for name in self.counted}
        gone = {str(reason): fates.count(reason) for reason in LeftOut if reason in fates}
        self.done.append(Reported(batch_id, *counts.values(), gone))
        with self.database.transaction() as session:
            batches.mark_done(session, self.done[-2:])
        for name, count in counts.items():
            self.counted[name] += count
        for reason, count in gone.items():
            self.left_out[reason] += count

    def recount(self, fate: str) -> None:
        """All that waited has an outcome, and the channel's ledger is asked."""
        with self.database.transaction() as session:
            known = session.get_one(Campaign, self.campaign_id)
            counts: dict[str, Any] = {name: getattr(known, name) for name in self.counted}
            gone = dict(known.channel_left_out)
        if self.open:
            leases_counts = {**counts, "left_out": None}
        else:
            waiting, counts["deferred"] = counts["deferred"], 0
            if fate in counts:
                counts[fate] += waiting
            elif waiting:
                gone[str(fate)] = gone.get(str(fate), 0) + waiting  # plain words, as a channel's answer has them
                self.left_out[str(fate)] += waiting
            self.counted, leases_counts = dict(counts), {**counts, "left_out": gone}
        with self.database.transaction() as session:
            leases.recount(session, owner=OWNER, campaign_id=self.campaign_id, counts=leases_counts)

    def check(self) -> None:
        with self.database.transaction() as session:
            progress = views.campaign(session.get_one(Campaign, self.campaign_id))["progress"]
        decided = sum(self.counted.values()) + sum(self.left_out.values())
        assert {name: progress[name] for name in self.counted} == self.counted
        assert progress["left_out"] == self.left_out
        assert progress["to_come"] == RECIPIENTS - decided == RECIPIENTS - self.reached + sum(self.open.values())


STEPS = st.one_of(
    st.tuples(st.just("advance"), st.lists(st.none() | REASONS, max_size=15)),
    st.tuples(st.just("report"), st.lists(FATES, min_size=1, max_size=15)),
    st.tuples(st.just("recount"), FATES),
)


def test_progress_adds_up_to_the_audience_at_every_moment(database: Database) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(STEPS, max_size=12))
    def check(steps: list[tuple[str, Any]]) -> None:
        life = Life(database)
        for step, argument in steps:
            getattr(life, step)(argument)
            life.check()

    check()
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM campaigns WHERE left_out <> '{}'"))
