"""People of campaigns of steps, whatever is heard of them, in whatever order, late and twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.domain import chains, people
from campaigns.domain.chains import Chain, GoOn
from campaigns.store import people as store
from campaigns.store.people import Family, StepCampaign
from contracts.vocabulary import CampaignState, Channel, LeftOut, MessageState, StepState

START = datetime(2026, 12, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UNREACHABLE = frozenset({"none.there"})
PLACES = (
    "waiting", "due", "under_way", "reached", "failed", "impossible", "timed_out", "unknown", "saved", "skipped",
)  # fmt: skip
GO_ON = st.builds(
    GoOn, st.booleans(), st.booleans(), st.sampled_from([None, 10 * MINUTE]), st.sampled_from([None, 60 * MINUTE])
).filter(lambda one: one.ever)
CODES = st.sampled_from([None, "none.there", "message.revoked", "recipient.archived", "recipient.capped"])
HEARD = st.tuples(st.just("heard"), st.integers(0, 2), st.sampled_from(MessageState), CODES)
OTHER = st.one_of(
    st.tuples(st.just("dispatched"), st.booleans()),
    st.tuples(st.just("left_out"), st.sampled_from([one for one in LeftOut if one is not LeftOut.REACHED])),
    st.tuples(st.just("opened"), st.integers(0, 2)),
    st.tuples(st.just("read"), st.integers(0, 2)),
    st.tuples(st.just("time"), st.integers(1, 90)),
)
SCRIPT = st.lists(st.one_of(HEARD, OTHER), max_size=25)


def ensure_is_whole(chain: Chain) -> None:
    """What holds at every moment."""
    assert sum(step.state in chains.OPEN for step in chain.steps) <= 1
    figures = people.figures(chain)
    for place in range(1, len(chain.steps) + 1):
        assert sum(figures[place, label] for label in PLACES) == 1
    whole = Counter(key.partition(".")[0] for place, key in figures if place == people.WHOLE)
    assert whole["state"] == 1 and whole["progress"] + whole["left_out"] == 1
    for earlier, later in zip(chain.steps, chain.steps[1:], strict=False):
        if later.asked_at is not None:
            assert earlier.ended_at is not None or earlier.state in (StepState.SENT, StepState.SENDING)
    family = family_of(tuple(step.go_on for step in chain.steps))
    kept = store.person_of(family, 1, [1, 0, 0], orjson.loads(store._written(chain))).chain
    assert [step.state for step in kept.steps] == [step.state for step in chain.steps]
    assert people.figures(kept) == figures


def family_of(rules: tuple[GoOn, ...]) -> Family:
    steps = tuple(StepCampaign(UUID(int=place + 1), Channel.SMS, UUID(int=9), True) for place in range(len(rules)))
    return Family(UUID(int=7), UUID(int=8), CampaignState.SENDING, rules, steps)


@settings(max_examples=60, deadline=None)
@given(st.lists(GO_ON, min_size=3, max_size=3), SCRIPT)
def test_never_two_steps_at_once_and_everybody_is_in_one_place(rules, script) -> None:
    chain, now = people.begun(rules), START
    sent_after_reached = 0
    for what, *told in script:
        now += timedelta(seconds=1)
        due = people.is_queued_for(chain)
        was_reached = chain.reached_by is not None
        if what == "time":
            now += told[0] * MINUTE
        elif what == "dispatched" and due is not None:
            sent_after_reached += was_reached
            chain = people.dispatched(chain, due, now)
        elif what == "left_out" and due is not None:
            chain = people.left_out(chain, due, now, told[0])
            follows = people.is_queued_for(chain)
            assert told[0] not in (LeftOut.CAPPED, LeftOut.ERASED, LeftOut.DELETED) or follows is None
        elif what == "opened":
            chain = people.engaged(chain, told[0])
        elif what == "read":
            chain = chains.read(chain, told[0], now, now)
        elif what == "heard":
            place, state, code = told
            heard = people.heard(chain, place, state, now, now, code, unreachable=UNREACHABLE)
            assert people.heard(heard, place, state, now, now, code, unreachable=UNREACHABLE) == heard, "twice is once"
            chain = heard
        chain, at = people.next_look(chain, now)
        if at is not None and at <= now and (place := chain.open_step) is not None:  # asked: nothing new, not back
            chain = chains.not_taken_back(chains.looked(chain, place, now), place)
            chain, _ = people.next_look(chain, now)
        ensure_is_whole(chain)
        if chain.open_step is not None and people.is_queued_for(chain) is None:
            assert people.next_look(chain, now)[1] is not None, "nobody is waited for without an end"
    assert sent_after_reached == 0


def test_a_late_receipt_stops_what_has_not_left() -> None:
    rule = GoOn(not_delivered=10 * MINUTE)
    chain = people.dispatched(people.begun([rule, rule]), 0, START)
    chain = people.heard(chain, 0, MessageState.SUBMITTED, START, START, None, unreachable=())
    late = START + 11 * MINUTE
    chain = chains.not_taken_back(chains.looked(chain, 0, late), 0)
    chain, _ = people.next_look(chain, late)
    assert people.is_queued_for(chain) == 1

    chain = people.heard(chain, 0, MessageState.DELIVERED, late, late, None, unreachable=())

    assert people.is_queued_for(chain) is None and chain.reached_by == 0
    assert people.figures(chain)[2, "saved"] == 1


def test_of_what_nothing_is_heard_its_channel_is_asked_again_and_again() -> None:
    chain = people.dispatched(people.begun([GoOn(), GoOn()]), 0, START)
    asked_at = START + people.UNHEARD
    assert people.next_look(chain, START)[1] == asked_at

    chain = chains.looked(chain, 0, asked_at)

    assert people.next_look(chain, asked_at)[1] == asked_at + people.UNHEARD


def test_what_waits_at_its_channel_has_not_left_and_its_time_runs() -> None:
    chain = people.dispatched(people.begun([GoOn(not_delivered=10 * MINUTE), GoOn()]), 0, START)

    chain = people.heard(chain, 0, MessageState.DEFERRED, START, START, "421", unreachable=())

    assert people.figures(chain)[people.WHOLE, "progress.deferred"] == 1 and not people.figures(chain)[1, "sent"]
    assert people.next_look(chain, START)[1] == START + 10 * MINUTE
