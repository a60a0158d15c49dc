"""A message over several channels, whatever happens to it, in whatever order and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from campaigns.domain import chains
from campaigns.domain.chains import Act, Chain, GoOn, what_next
from campaigns.domain.times import hours_of
from contracts.vocabulary import ChainState, MessageState, StepState

START = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
TEN = GoOn(not_delivered=10 * MINUTE)
UNREAD = GoOn(not_read=60 * MINUTE)
GO_ON = st.builds(
    GoOn, st.booleans(), st.booleans(), st.sampled_from([None, 10 * MINUTE]), st.sampled_from([None, 60 * MINUTE])
).filter(lambda one: one.ever)


def sent(chain: Chain, place: int, now: datetime = START) -> Chain:
    return chains.looked(chains.accepted(chains.claimed(chain, place, now), place, now), place, now)


def states(chain: Chain) -> list[str]:
    return [str(step.state) for step in chain.steps]


def through_the_deadline(chain: Chain, now: datetime) -> Chain:
    """As the chains' process does, for a channel that has nothing new to say and takes nothing back."""
    for _ in range(10):
        chain, following = what_next(chain, now)
        if following.act is Act.LOOK:
            chain = chains.looked(chain, following.place, now)
        elif following.act is Act.TAKE_BACK:
            chain = chains.not_taken_back(chain, following.place)
        else:
            return chain
    raise AssertionError("it never comes to rest")


def test_the_first_step_leaves_at_once_and_the_next_when_the_first_is_refused() -> None:
    chain, following = what_next(chains.begun([GoOn(), GoOn()]), START)
    assert (following.act, following.place) == (Act.SEND, 0)

    chain = chains.failed(chains.claimed(chain, 0, START), 0, START, "sender.not_active")

    assert states(chain) == ["failed", "due"] and chain.steps[0].code == "sender.not_active"
    assert what_next(chain, START)[1].act is Act.SEND


def test_what_is_delivered_in_time_is_the_end() -> None:
    chain = chains.delivered(sent(chains.begun([TEN, TEN, TEN]), 0), 0, START, START)

    assert states(chain) == ["reached", "skipped", "skipped"]
    assert (chain.state, chain.reached_by) == (ChainState.REACHED, 0)
    assert what_next(chain, START + 60 * MINUTE)[1] == chains.Next(Act.NOTHING)


def test_before_it_goes_on_for_time_the_channel_is_asked_and_has_to_take_it_back() -> None:
    chain, now = sent(chains.begun([TEN, TEN]), 0), START + 10 * MINUTE
    assert what_next(chain, now - SECOND)[1] == chains.Next(Act.NOTHING, 0, now)

    acts = []
    chain, following = what_next(chain, now)
    acts.append(following.act)
    chain, following = what_next(chains.looked(chain, 0, now), now)
    acts.append(following.act)
    chain, following = what_next(chains.taken_back(chain, 0, now), now)
    acts.append(following.act)

    assert acts == [Act.LOOK, Act.TAKE_BACK, Act.SEND]
    assert states(chain) == ["revoked", "due"]


def unanswered(chain: Chain, now: datetime) -> Chain:
    """A try of now, as the chains' process makes it, to which nobody says anything."""
    chain, following = what_next(chain, now)
    if following.act is Act.SEND:
        chain = chains.claimed(chain, following.place, now)
    return chains.not_answered(chain, following.place, now, now)


def test_a_channel_that_does_not_answer_is_not_waited_for_for_ever() -> None:
    chain, now = sent(chains.begun([TEN, TEN]), 0), START + 10 * MINUTE

    chain = unanswered(chain, now)
    assert states(chain) == ["sent", "waiting"]
    assert states(unanswered(chain, now + chains.LOOKING)) == ["timed_out", "due"]
    sending = unanswered(chains.begun([TEN, TEN]), START)
    assert what_next(sending, START + MINUTE)[1].act is Act.SEND, "the same request again"
    chain = unanswered(sending, START + chains.PATIENCE)
    assert states(chain) == ["failed", "due"] and chain.steps[0].code == chains.NO_ANSWER


def test_whoever_comes_late_asks_before_the_chain_goes_on() -> None:
    """The process was away, or was killed while it asked: it is not the channel that has not answered."""
    late = START + timedelta(days=1)
    chain = sent(chains.begun([TEN, TEN]), 0)
    sending = chains.claimed(chains.begun([TEN, TEN]), 0, START)

    assert [what_next(one, late)[1].act for one in (chain, sending)] == [Act.LOOK, Act.SEND]
    assert what_next(chains.looked(chain, 0, late), late)[1].act is Act.TAKE_BACK
    assert states(unanswered(chain, late)) == ["sent", "waiting"]
    assert states(unanswered(sending, late)) == ["sending", "waiting"]


def test_what_is_in_somebodys_hands_when_the_chain_stops_is_called_back_once_it_has_left() -> None:
    stopped = chains.cancelled(chains.claimed(chains.begun([TEN, TEN]), 0, START))
    assert (states(stopped), what_next(stopped, START)[1].act) == (["sending", "skipped"], Act.NOTHING)

    left = chains.accepted(stopped, 0, START + SECOND)
    assert what_next(left, START + SECOND)[1].act is Act.TAKE_BACK
    assert states(what_next(stopped, START + chains.ANSWERED)[0]) == ["unknown", "skipped"], "nothing is sent anew"


def test_what_was_given_up_and_leaves_late_is_called_back() -> None:
    chain = chains.claimed(through_the_deadline(sent(chains.begun([TEN, TEN]), 0), START + 10 * MINUTE), 1, START)
    stopped = chains.delivered(chain, 0, START, START)
    late = START + 70 * MINUTE
    given_up, following = what_next(stopped, late)
    assert states(given_up) == ["reached", "unknown"] and following.act is Act.NOTHING

    left = chains.accepted(given_up, 1, late)

    assert states(left) == ["reached", "sent"]
    assert what_next(left, late)[1].act is Act.TAKE_BACK


def test_a_limit_of_as_long_as_anything_is_heard_is_still_a_limit() -> None:
    chain = sent(chains.begun([GoOn(not_read=chains.HEARD), GoOn()]), 0)

    assert states(through_the_deadline(chain, START + chains.HEARD)) == ["timed_out", "due"]


def test_mail_that_comes_back_when_nothing_is_heard_any_more_does_not_go_on() -> None:
    chain, late = chains.delivered(sent(chains.begun([TEN, GoOn()]), 0), 0, START, START), START + chains.HEARD

    chain = chains.received(chain, 0, MessageState.HARD_BOUNCED, late, late, "5.1.1", impossible=False)

    assert (states(chain), chain.state) == (["failed", "skipped"], ChainState.NOT_REACHED)


def test_a_late_receipt_stops_the_next_step_until_it_has_been_handed_over() -> None:
    now = START + 10 * MINUTE
    chain = through_the_deadline(sent(chains.begun([TEN, TEN, TEN]), 0), now)
    assert states(chain) == ["timed_out", "due", "waiting"]

    stopped = chains.delivered(chain, 0, now, now)
    left = chains.delivered(sent(chain, 1, now), 0, now, now)

    assert states(stopped) == ["reached", "skipped", "skipped"]
    assert states(left) == ["reached", "sent", "skipped"], "no third step either"
    assert what_next(left, now)[1].act is Act.TAKE_BACK, "what has left is called back"
    both = chains.delivered(chains.not_taken_back(left, 1), 1, now + SECOND, now + SECOND)
    assert (states(both), both.reached_by) == (["reached", "reached", "skipped"], 0)


def test_a_step_that_is_to_be_read_is_waited_for_though_it_was_delivered() -> None:
    chain = chains.delivered(sent(chains.begun([UNREAD, TEN]), 0), 0, START, START)
    assert (chain.state, states(chain)) == (ChainState.RUNNING, ["sent", "waiting"])

    read = chains.read(chain, 0, START + MINUTE, START + MINUTE)
    unread = through_the_deadline(chain, START + 60 * MINUTE)

    assert states(read) == ["reached", "skipped"]
    assert states(unread) == ["timed_out", "due"] and not unread.steps[0].asked_back


def test_what_comes_late_and_is_to_be_read_is_waited_for_again() -> None:
    both = GoOn(not_delivered=10 * MINUTE, not_read=60 * MINUTE)
    chain = through_the_deadline(sent(chains.begun([both, TEN]), 0), START + 10 * MINUTE)

    late = chains.delivered(chain, 0, START + 11 * MINUTE, START + 11 * MINUTE)

    assert states(late) == ["sent", "waiting"]
    assert states(through_the_deadline(late, START + 60 * MINUTE)) == ["timed_out", "due"]


def test_mail_that_comes_back_after_it_was_taken_goes_on_after_all() -> None:
    chain = chains.delivered(sent(chains.begun([GoOn(), GoOn()]), 0), 0, START, START)

    chain = chains.received(chain, 0, MessageState.HARD_BOUNCED, START, START, "5.1.1", impossible=False)

    assert (states(chain), chain.state) == (["failed", "due"], ChainState.RUNNING)


def test_in_quiet_hours_a_step_waits_and_a_receipt_still_stops_it() -> None:
    """From 21:00 to 08:00 in Warsaw, where it is 22:30."""
    night = datetime(2026, 12, 1, 21, 30, tzinfo=UTC)
    chain = chains.begun([TEN, GoOn()])
    quiet = replace(chain.steps[1], hours=hours_of({"start": "21:00", "end": "08:00"}))
    chain = Chain((chain.steps[0], quiet), zone=ZoneInfo("Europe/Warsaw"))

    chain = through_the_deadline(sent(chain, 0, night - 10 * MINUTE), night)

    morning = datetime(2026, 12, 2, 7, 0, tzinfo=UTC)
    assert (states(chain), what_next(chain, night)[1]) == (["timed_out", "due"], chains.Next(Act.NOTHING, 1, morning))
    assert what_next(chain, morning)[1].act is Act.SEND
    assert states(chains.delivered(chain, 0, night, night)) == ["reached", "skipped"]


def test_a_cancelled_chain_sends_no_more_and_calls_back_what_has_left() -> None:
    waits = chains.cancelled(chains.begun([TEN, TEN]))
    left = chains.cancelled(sent(chains.begun([TEN, TEN]), 0))

    assert (states(waits), waits.state) == (["skipped", "skipped"], ChainState.CANCELLED)
    assert what_next(left, START)[1].act is Act.TAKE_BACK
    assert states(chains.taken_back(left, 0, START)) == ["revoked", "skipped"]


def test_the_last_step_is_waited_for_for_days_and_then_unknown() -> None:
    chain = sent(chains.begun([TEN]), 0)

    assert what_next(chain, START)[1].at == START + chains.HEARD
    chain = through_the_deadline(chain, START + chains.HEARD)
    assert (states(chain), chain.state) == (["unknown"], ChainState.UNKNOWN)
    assert chains.delivered(chain, 0, START, START).state is ChainState.REACHED, "and is believed when it comes"


@given(
    st.lists(GO_ON, min_size=2, max_size=4),
    st.permutations([MessageState.SUBMITTED, MessageState.DELIVERED, MessageState.DELIVERED, "read", "read"]),
)
@settings(max_examples=150, deadline=None)
def test_receipts_come_to_the_same_in_any_order(rules: list[GoOn], receipts: list[str]) -> None:
    chain = sent(chains.begun(rules), 0)
    for receipt in receipts:
        if receipt == "read":
            chain = chains.read(chain, 0, START, START)
        else:
            chain = chains.received(chain, 0, MessageState(receipt), START, START, None, impossible=False)

    assert states(chain) == ["reached"] + ["skipped"] * (len(rules) - 1)


class AnyOrder(RuleBasedStateMachine):
    """A chain among channels that answer late, twice, or never, and workers that are killed at any line.

    `left` is what the channels were given, by step: the same request is one message however often it is made.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.chain = chains.begun([TEN, GoOn(not_delivered=10 * MINUTE, not_read=60 * MINUTE), UNREAD])
        self.left: dict[int, str] = {}  # sent, delivered, dead
        self.looks: dict[int, list[datetime]] = {}
        self.unanswered: dict[int, list[datetime]] = {}
        self.stopped_with: frozenset[int] | None = None

    def change(self, chain: Chain) -> None:
        self.chain = chain
        if chain.is_stopped and self.stopped_with is None:
            out = {place for place, step in enumerate(chain.steps) if step.state is StepState.SENDING}
            self.stopped_with = frozenset(self.left) | out
        elif not chain.is_stopped:
            self.stopped_with = None  # a bounce

    @rule(answers=st.sampled_from(["yes", "no", "impossible", "lost", "killed before", "killed after"]))
    def work(self, answers: str) -> None:
        chain, following = what_next(self.chain, self.now)
        self.change(chain)
        place = following.place
        if following.act is Act.SEND:
            self._send(place, answers)
            return
        if following.act is not Act.NOTHING and answers == "lost":
            self.unanswered.setdefault(place, []).append(self.now)
            self.change(chains.not_answered(self.chain, place, self.now, self.now))
        elif following.act is Act.LOOK and answers == "yes":
            self.looks.setdefault(place, []).append(self.now)
            if self.left.get(place) == "delivered":
                self.change(chains.delivered(self.chain, place, self.now, self.now))
            self.change(chains.looked(self.chain, place, self.now))
        elif following.act is Act.TAKE_BACK and answers in ("yes", "no"):
            if answers == "yes" and self.left.get(place) == "sent":
                self.left[place] = "dead"
                self.change(chains.taken_back(self.chain, place, self.now))
            else:
                self.change(chains.not_taken_back(self.chain, place))

    def _send(self, place: int, answers: str) -> None:
        if answers == "killed before":
            return
        self.change(chains.claimed(self.chain, place, self.now))
        if answers in ("yes", "lost", "killed after"):
            before = [self.chain.steps[earlier] for earlier in self.left if earlier < place]
            assert all(step.ended_at is not None and not step.has_reached for step in before)
            for earlier in self.left:
                if earlier < place and self.chain.steps[earlier].state is StepState.TIMED_OUT:
                    self._was_asked(earlier)
            self.left.setdefault(place, "sent")
        if answers == "yes":
            self.change(chains.accepted(self.chain, place, self.now))
        elif answers == "lost":
            self.change(chains.not_answered(self.chain, place, self.now, self.now))
        elif answers in ("no", "impossible") and place not in self.left:
            self.change(chains.failed(self.chain, place, self.now, "no", is_impossible=answers == "impossible"))

    def _was_asked(self, place: int) -> None:
        """After its deadline: it answered, or was tried for as long as a channel is."""
        deadline = self.chain.steps[place].deadline
        tries = [at for at in self.unanswered.get(place, []) if at >= deadline]
        is_tried_out = bool(tries) and tries[-1] - tries[0] >= chains.LOOKING
        assert is_tried_out or any(at >= deadline for at in self.looks.get(place, []))

    @rule(place=st.integers(0, 2), kind=st.sampled_from(["delivered", "read", "failed", "bounced"]))
    def hear(self, place: int, kind: str) -> None:
        """A receipt, once more than once, of what a channel was given."""
        step = self.chain.steps[place]
        if self.left.get(place) in (None, "dead") and kind != "failed":
            return
        if kind in ("delivered", "read"):
            self.left[place] = "delivered"
            happened = chains.delivered if kind == "delivered" else chains.read
            self.change(happened(self.chain, place, self.now, self.now))
        elif place in self.left and step.read_at is None and (kind == "bounced" or self.left[place] == "sent"):
            self.left[place] = "dead"
            self.change((chains.bounced if kind == "bounced" else chains.failed)(self.chain, place, self.now, "x"))

    @rule(place=st.integers(0, 2))
    def hear_that_it_left(self, place: int) -> None:
        """Late, perhaps, of what was in somebody's hands."""
        if self.left.get(place) in ("sent", "delivered"):
            self.change(chains.accepted(self.chain, place, self.now))

    @rule(minutes=st.sampled_from([0, 1, 9, 11, 61, 6_000]))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE + SECOND

    @rule(minutes=st.sampled_from([11, 61]), answers=st.sampled_from(["yes", "lost"]))
    def come_late(self, minutes: int, answers: str) -> None:
        """Nobody works for so long, and then somebody does all that there is to do."""
        self.wait(minutes)
        for _ in range(3):
            self.work(answers)

    @precondition(lambda self: self.now > START + 60 * MINUTE)
    @rule()
    def cancel(self) -> None:
        self.change(chains.cancelled(self.chain))

    @invariant()
    def at_most_one_is_open(self) -> None:
        assert sum(step.state in chains.OPEN for step in self.chain.steps) <= 1

    @invariant()
    def nothing_leaves_once_it_is_over(self) -> None:
        if self.stopped_with is not None:
            assert set(self.left) <= self.stopped_with

    @invariant()
    def whoever_is_waited_for_is_not_forgotten(self) -> None:
        chain, following = what_next(self.chain, self.now)
        if chain.state is ChainState.RUNNING:
            assert following.act is not Act.NOTHING or following.at is not None
        if following.act is Act.NOTHING and chain.open_step is None:
            assert all(step.state not in chains.OPEN for step in chain.steps)

    @invariant()
    def what_has_left_is_not_given_up_before_it_was_asked_back(self) -> None:
        for place, step in enumerate(self.chain.steps):
            if step.state is StepState.UNKNOWN and step.sent_at is not None and step.delivered_at is None:
                assert step.asked_back or self.unanswered.get(place)

    @invariant()
    def twice_is_as_once(self) -> None:
        for place, step in enumerate(self.chain.steps):
            if step.delivered_at is not None:
                assert chains.delivered(self.chain, place, self.now, self.now) == self.chain
            if step.read_at is not None:
                assert chains.read(self.chain, place, self.now, self.now) == self.chain


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
