"""Outcomes on a real database: the ledger, the retry schedule, the lane outbox, and the work of the dead."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from channel import claims, lane_outbox, ledger_writer, people, retries, settlement
from channel.batches import UnknownContent
from channel.defaults import OutboundDefaults
from channel.ledger_thread import LedgerThread
from channel.ledger_work import Outcome
from channel.outlets import Chunk, Claim, Message
from channel.upkeep import MOST_DEATHS, Upkeep
from chassis import erasures
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts import lanes
from contracts.ids import step_campaign_id
from contracts.vocabulary import ERASED_ADDRESS, Channel, Lane, MessageState

from .conftest import ACCOUNT, LEDGER, KnownContent, chunk, header, nobody, settled, take_due

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40)


def settle(database: Database, messages: list[Message], **options: Any) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return settlement.settle(cursor_of(session), LEDGER, messages, **options)


def rows(database: Database, columns: str = "*") -> list[Any]:
    with database.transaction() as session:
        return list(session.execute(text(f"SELECT {columns} FROM ledger ORDER BY message_id")).all())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    address=WORDS, code=st.none() | WORDS, state=st.sampled_from(list(MessageState)),
    at=st.floats(1e9, 2e9, allow_nan=False), contact=st.none() | st.uuids(), lane=st.sampled_from(list(Lane)),
)  # fmt: skip
def test_a_line_is_the_row(database: Database, lane: Lane, contact: UUID | None, address: str, **outcome: Any) -> None:
    """What COPY writes and what an upsert writes are the same, whatever a peer says."""
    read = []
    for careful in (False, True):
        of = chunk(header(lane), 1)
        of.recipients[0] |= {"address": address, "contact_id": str(contact) if contact else None}
        settle(database, settled(of, **outcome, due_at=datetime.now(UTC)), careful=careful)
        with database.transaction() as session:
            statement = text("SELECT account_id, contact_id, address, state, code, updated_at FROM ledger"
                             " WHERE message_id = :id")  # fmt: skip
            read.append(session.execute(statement, {"id": of.batch.header.id_of(1)}).one())

    assert read[0] == read[1]
    assert (read[0].address, read[0].code, read[0].state) == (address, outcome["code"], outcome["state"])


def test_a_sweepers_word_is_not_written_twice_and_a_later_one_mends_it(database: Database) -> None:
    of = chunk(header(), 1)
    settle(database, settled(of, MessageState.UNKNOWN))

    with pytest.raises(psycopg.errors.UniqueViolation):
        settle(database, settled(of))
    settle(database, settled(of), careful=True)
    settle(database, settled(of, MessageState.REJECTED), careful=True)

    assert [row.state for row in rows(database)] == ["delivered"], "what is final stays"


def test_who_was_erased_since_the_claim_is_written_down_without_a_name(database: Database) -> None:
    of = chunk(header(), 1, 2)
    with database.transaction() as session:
        erasures.remember(session, account_id=UUID(ACCOUNT), addresses=["+48600000001"], erased_at=datetime.now(UTC))

    events = settle(database, settled(of))

    assert [row.address for row in rows(database)] == [ERASED_ADDRESS, "+48600000002"]
    assert [event["address"] for event in events] == [ERASED_ADDRESS, "+48600000002"]


def test_a_later_outcome_brings_nobody_back_who_was_erased(database: Database) -> None:
    of = chunk(header(), 1)
    of.recipients[0]["contact_id"] = ACCOUNT
    settle(database, settled(of, MessageState.UNKNOWN))
    with database.transaction() as session:
        session.execute(text("UPDATE ledger SET address = :erased, contact_id = NULL"), {"erased": ERASED_ADDRESS})

    settle(database, settled(of), careful=True)

    assert rows(database, "state, address, contact_id") == [("delivered", ERASED_ADDRESS, None)]


# --- the retry schedule


def test_a_deferred_message_waits_with_all_that_it_takes_to_send_it(database: Database) -> None:
    of, now = chunk(header(Lane.OTP), 5), datetime.now(UTC)
    events = settle(database, settled(of, MessageState.DEFERRED, due_at=now, code="no_outlet"))
    later = chunk(header(), 1)
    settle(database, settled(later, MessageState.DEFERRED, due_at=now + timedelta(hours=1), code="no_outlet"))

    with database.transaction() as session:
        cursor = cursor_of(session)
        (due,) = take_due(cursor, 10)
        assert take_due(cursor, 10) == []
        retries.pull_forward(cursor, "something_else")
        assert take_due(cursor, 10) == []
        retries.pull_forward(cursor, "no_outlet")
        pulled = take_due(cursor, 10)

    assert (due.attempts, due.body["recipients"], due.body["lane"]) == (1, of.recipients, "otp")
    assert [each.body["send_id"] for each in pulled] == [str(later.batch.header.send_id)]
    assert [event["kind"] for event in events] == ["deferred"]


def test_a_deferral_is_told_of_once_and_given_back_is_no_attempt(database: Database) -> None:
    of, now = chunk(header(), 1), datetime.now(UTC)
    settle(database, settled(of, MessageState.DEFERRED, due_at=now))
    with database.transaction() as session:
        take_due(cursor_of(session), 1)

    again = settled(of, MessageState.DEFERRED, due_at=now, attempts=1, existing=True, was_tried=False)

    assert settle(database, again) == []
    with database.transaction() as session:
        assert [due.attempts for due in take_due(cursor_of(session), 10)] == [1]


# --- the lane outbox


def test_lane_messages_of_the_dead_are_taken_over_once(database: Database, instance: Callable[..., UUID]) -> None:
    dead, one, two = instance(is_dead=True), instance(), instance()
    events = [{"n": number} for number in range(2_500)]
    with database.transaction() as session:
        recorded = lane_outbox.record(cursor_of(session), dead, "test_gateway", events, [])
    with database.transaction() as session:
        taken = lane_outbox.take_over(cursor_of(session), one, [], 50)
    with database.transaction() as session:
        assert lane_outbox.take_over(cursor_of(session), two, [], 50) == [], "the first one lives"
        lane_outbox.forget_published(cursor_of(session), [position for position, _, _ in taken])
        assert session.scalar(text("SELECT count(*) FROM lane_outbox")) == 0

    assert sorted(taken) == sorted(recorded)
    assert {lane for _, lane, _ in taken} == {lanes.DELIVERY_EVENTS}
    assert [event for _, _, body in sorted(taken) for event in orjson.loads(body)["events"]] == events


def test_what_a_chain_may_wait_for_is_told_apart_from_ordinary_campaigns(
    database: Database, instance: Callable[..., UUID]
) -> None:
    step, ordinary = step_campaign_id(new_id(), 1), new_id()
    events = [
        {"n": number, "campaign_id": None if one is None else str(one)}
        for number, one in enumerate((ordinary, step, None, ordinary))
    ]
    with database.transaction() as session:
        recorded = lane_outbox.record(cursor_of(session), instance(), "test_gateway", events, [])

    told = {key: [event["n"] for event in orjson.loads(body)["events"]] for _, key, body in recorded}
    assert told == {lanes.DELIVERY_EVENTS: [1, 2], lanes.ORDINARY_EVENTS: [0, 3]}


def test_ones_own_of_a_minute_ago_are_taken_up_unless_they_are_on_the_way(
    database: Database, instance: Callable[..., UUID]
) -> None:
    me = instance()
    with database.transaction() as session:
        (lost,) = lane_outbox.record(cursor_of(session), me, "test_gateway", [{"n": 1}], [])
        (flying,) = lane_outbox.record(cursor_of(session), me, "test_gateway", [{"n": 2}], [])
        assert lane_outbox.take_over(cursor_of(session), me, [], 50) == [], "they are fresh"
        session.execute(text("UPDATE lane_outbox SET recorded_at = now() - interval '2 minutes'"))
        assert lane_outbox.take_over(cursor_of(session), me, [flying[0]], 50) == [lost]


# --- the work of the dead


class Publications:
    """Stands for `LanePublisher`: what was published."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    def publish(self, position: int, lane: str, body: bytes) -> None:
        self.bodies.append(orjson.loads(body))

    def positions(self) -> list[int]:
        return []


class PlainOutbound(OutboundDefaults):
    channel, ledger = Channel.SMS, LEDGER

    def load_content(self, session: Any, content_hash: str) -> Any:
        return KnownContent()


@pytest.mark.parametrize(("lane", "state"), [(Lane.BULK, "unknown"), (Lane.TRANSACTIONAL, "deferred")])
def test_what_a_dead_instance_had_claimed_is_settled_by_another(
    database: Database, instance: Callable[..., UUID], lane: Lane, state: str
) -> None:
    """Two were claimed and one of them is settled: of the other nobody knows, unless it may be sent again."""
    of, published = chunk(header(lane), 1, 2), Publications()
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, instance(is_dead=True), [of])
    settle(database, settled(of)[:1])
    outbound: Any = PlainOutbound()
    upkeep = Upkeep(database, outbound, instance(), published, ask=nobody, room=lambda: 0, on_due=print)  # type: ignore[arg-type]

    upkeep.waker.start()
    for _ in range(2):
        upkeep._sweep()
    upkeep.waker.close()

    assert [row.state for row in rows(database)] == ["delivered", state]
    # That it is sent again is nobody's news; what comes of it will be.
    told = [event["kind"] for body in published.bodies for event in body["events"]]
    assert told == ([] if state == "deferred" else [state])
    with database.transaction() as session:
        waiting = session.scalar(text("SELECT count(*) FROM retries"))
        assert (session.scalar(text("SELECT count(*) FROM claims")), waiting) == (0, int(state == "deferred"))


def sweep(database: Database, instance_id: UUID, outbound: Any = None) -> Publications:
    """One sweep by a living instance; what it has published."""
    published = Publications()
    upkeep = Upkeep(
        database, outbound or PlainOutbound(), instance_id, published, ask=nobody, room=lambda: 0, on_due=print  # type: ignore[arg-type]
    )  # fmt: skip
    upkeep._sweep()
    return published


def test_a_single_message_outlives_the_processes_that_die_with_it_in_hand_longer_each_time(
    database: Database, instance: Callable[..., UUID]
) -> None:
    """Whether it had left nobody knows; of most nothing has. In the end it is at its phone no oftener."""
    living, of, waits = instance(), chunk(header(Lane.TRANSACTIONAL), 1), []
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, instance(is_dead=True), [of])
    for deaths in range(1, MOST_DEATHS):
        swept = datetime.now(UTC)
        sweep(database, living)
        assert [row.state for row in rows(database)] == ["deferred"]
        with database.transaction() as session:
            cursor = cursor_of(session)
            due_at = session.scalar(text("UPDATE retries r SET due_at = now() FROM retries o RETURNING o.due_at"))
            ((attempts, body),) = take_due(cursor, 10)
            again = chunk(of.batch.header, 1)
            again.recipients, again.claim, again.attempts = body["recipients"], Claim(new_id(), 1), {1: attempts}
            claims.insert(cursor, instance(is_dead=True), [again])
        waits.append(round((due_at - swept).total_seconds()))
        assert again.recipients[0]["left_behind"] == deaths
        assert again.recipients[0]["unanswered"] == 1, "it may have left, once or oftener"

    told = sweep(database, living)

    assert waits == [0, *(2**n for n in range(MOST_DEATHS - 2))]
    assert [row.state for row in rows(database)] == ["unknown"]
    assert [event["kind"] for body in told.bodies for event in body["events"]] == ["unknown"]


def test_what_waits_in_the_schedule_is_not_unknown_when_its_claim_is_swept(
    database: Database, instance: Callable[..., UUID]
) -> None:
    """Of two in one claim one was deferred before the process died: that one is tried again, and told of no more."""
    of = chunk(header(), 1, 2)
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, instance(is_dead=True), [of])
    settle(database, settled(of, MessageState.DEFERRED, due_at=datetime.now(UTC))[:1])

    published = sweep(database, instance())

    assert [row.state for row in rows(database)] == ["deferred", "unknown"]
    assert [len(body["events"]) for body in published.bodies] == [1]


@pytest.mark.parametrize("lane", [Lane.BULK, Lane.TRANSACTIONAL])
def test_what_another_is_trying_again_is_left_to_it_when_its_first_claim_is_swept(
    database: Database, instance: Callable[..., UUID], lane: Lane
) -> None:
    """Of two in one claim one was deferred before the process died, and is out of the schedule, on its way again."""
    of = chunk(header(lane), 1, 2)
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, instance(is_dead=True), [of])
    settle(database, settled(of, MessageState.DEFERRED, due_at=datetime.now(UTC))[:1])
    living = instance()
    with database.transaction() as session:
        cursor = cursor_of(session)
        assert len(take_due(cursor, 10)) == 1
        again = chunk(of.batch.header, 1)
        again.claim, again.attempts = Claim(new_id(), 1), {1: 1}
        claims.insert(cursor, living, [again])

    published = sweep(database, living)

    assert [row.state for row in rows(database)] == ["deferred", "unknown" if lane is Lane.BULK else "deferred"]
    with database.transaction() as session:
        waiting = [str(each) for each in session.scalars(text("SELECT message_id FROM retries"))]
        assert session.scalar(text("SELECT count(*) FROM claims")) == 1
    assert waiting == ([] if lane is Lane.BULK else [of.batch.header.id_of(2)])
    assert sum(len(body["events"]) for body in published.bodies) == (lane is Lane.BULK)


def test_two_claims_of_a_message_are_swept_together(database: Database, instance: Callable[..., UUID]) -> None:
    """Two processes died: one that had put the message off among others, and one that tried it again."""
    of, first, second = chunk(header(), 1, 2), instance(is_dead=True), instance(is_dead=True)
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, first, [of])
    settle(database, settled(of, MessageState.DEFERRED, due_at=datetime.now(UTC))[:1])
    with database.transaction() as session:
        cursor = cursor_of(session)
        take_due(cursor, 10)
        again = chunk(of.batch.header, 1)
        again.claim, again.attempts = Claim(new_id(), 1), {1: 1}
        claims.insert(cursor, second, [again])

    published = sweep(database, instance())

    assert [row.state for row in rows(database)] == ["unknown", "unknown"]
    assert [len(body["events"]) for body in published.bodies] == [2]


@pytest.mark.parametrize("state", [MessageState.DEFERRED, MessageState.UNDELIVERED])
def test_an_outcome_that_comes_after_another_is_neither_tried_again_nor_told(
    database: Database, instance: Callable[..., UUID], state: MessageState
) -> None:
    """Who was taken for dead and was not has the answer to its attempt after another has delivered the message."""
    of = chunk(header(Lane.TRANSACTIONAL), 1)
    settle(database, settled(of))

    events = settle(database, settled(of, state, due_at=datetime.now(UTC)), careful=True)

    assert (events, [row.state for row in rows(database)]) == ([], ["delivered"])
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM retries")) == 0


class BrokenOutbound(PlainOutbound):
    def load_content(self, session: Any, content_hash: str) -> Any:
        if content_hash == "broken":
            raise ValueError("a rule that came later refuses it")
        return KnownContent()


def test_a_content_that_does_not_compile_any_more_holds_up_nobody_else(
    database: Database, instance: Callable[..., UUID]
) -> None:
    now, adopted = datetime.now(UTC), list[Any]()
    for content_hash in ("broken", "c"):
        of = header()
        of.content_hash = content_hash
        settle(database, settled(chunk(of, 1), MessageState.DEFERRED, due_at=now))
    upkeep = Upkeep(
        database, BrokenOutbound(), instance(), Publications(), ask=nobody, room=lambda: 10, on_due=adopted.extend  # type: ignore[arg-type]
    )  # fmt: skip

    upkeep._hand_over_due()

    contents = {each.batch.header.content_hash: type(each.batch.content) for each in adopted}
    assert contents == {"broken": UnknownContent, "c": KnownContent}


def test_messages_of_one_send_keep_the_moment_at_which_each_was_accepted(
    database: Database, instance: Callable[..., UUID]
) -> None:
    of, later, adopted = header(), header(), list[Any]()
    later.send_id, later.stem, later.accepted_at = of.send_id, of.stem, of.accepted_at + 5400
    for each, number in ((of, 1), (later, 2)):
        settle(database, settled(chunk(each, number), MessageState.DEFERRED, due_at=datetime.now(UTC)))
    upkeep = Upkeep(
        database, PlainOutbound(), instance(), Publications(), ask=nobody, room=lambda: 10, on_due=adopted.extend  # type: ignore[arg-type]
    )  # fmt: skip

    upkeep._hand_over_due()

    accepted = {each.recipients[0]["number"]: each.batch.header.accepted_at for each in adopted}
    assert accepted == {1: of.accepted_at, 2: later.accepted_at}


class AnswerLost:
    """The database, whose answer to a commit is lost as often as `times` says; the commit itself takes place."""

    def __init__(self, database: Database, times: int) -> None:
        self._database, self.times = database, times

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self._database.transaction() as session:
            yield session
            is_work = session.scalar(text("SELECT pg_current_xact_id_if_assigned()")) is not None
        if is_work and self.times:
            self.times -= 1
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("the connection is lost"))


def test_a_commit_whose_answer_is_lost_is_not_written_again(database: Database, instance: Callable[..., UUID]) -> None:
    """What it put off may have been taken out of the schedule and sent meanwhile: it must not be put off once more."""
    of, me, outcomes = chunk(header(), 1), instance(), list[Outcome]()
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, me, [of])
    lost: Any = AnswerLost(database, 1)
    thread = LedgerThread(lost, LEDGER, me, outcomes.append, lambda: None, linger=0.0)

    def taken_meanwhile(seconds: float) -> None:
        with database.transaction() as session:
            take_due(cursor_of(session), 10)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ledger_writer.time, "sleep", taken_meanwhile)
        thread.settle(settled(of, MessageState.DEFERRED, due_at=datetime.now(UTC)))
        thread.start()
        assert thread.stop()

    assert lost.times == 0
    assert [len(each.to_publish) for each in outcomes] == [1]
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM retries")) == 0
        assert session.scalar(text("SELECT count(*) FROM lane_outbox")) == 1


def threads_of(database: Database, me: UUID, outcomes: list[Outcome]) -> tuple[LedgerThread, LedgerThread]:
    """What a process has: one for all, and one that claims at once."""
    made = [LedgerThread(database, LEDGER, me, outcomes.append, lambda: None, linger=linger) for linger in (0.01, 0.0)]
    for thread in made:
        thread.start()
    return made[0], made[1]


def test_the_claim_of_a_code_is_on_disk_while_those_of_campaigns_are_being_written(
    database: Database, instance: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The campaign's transaction has its claims written, and the lease in its hand, when the code's begins."""
    committed, is_written, may_commit = list[Outcome](), threading.Event(), threading.Event()

    def note_claims(_ledger: Any, _cursor: Any, _me: UUID, chunks: list[Chunk]) -> list[Any]:
        if chunks and chunks[0].batch.header.lane is Lane.BULK:
            is_written.set()
            assert may_commit.wait(10)
        return []

    monkeypatch.setattr(type(LEDGER), "note_claims", note_claims)
    many, code = [chunk(header(), 20) for _ in range(3)], chunk(header(Lane.OTP), 1)
    everything, at_once = threads_of(database, instance(), committed)
    for of in many:
        everything.claim(of)
    assert is_written.wait(10)
    at_once.claim(code)
    wait_until(lambda: bool(committed), what="the claim of the code")
    may_commit.set()
    assert everything.stop() and at_once.stop()

    assert [outcome.work.chunks for outcome in committed] == [[code], many]
    assert all(taken.mine for outcome in committed for taken in outcome.taken)


def test_what_both_threads_of_a_process_claim_is_claimed_once(
    database: Database, instance: Callable[..., UUID]
) -> None:
    """A code that comes again while no carrier is up is claimed for nobody, by the thread of all else."""
    of, committed = header(Lane.OTP), list[Outcome]()
    everything, at_once = threads_of(database, instance(), committed)
    for number in range(1, 21):
        everything.claim(chunk(of, number))
        at_once.claim(chunk(of, number))
    assert everything.stop() and at_once.stop()

    taken = [taken for outcome in committed for taken in outcome.taken]
    assert sorted(recipient["number"] for each in taken for recipient in each.mine) == [*range(1, 21)]
    assert sorted(recipient["number"] for each in taken for recipient in each.claimed_elsewhere) == [*range(1, 21)]


@pytest.mark.parametrize("address", ["+48600000001", '"o\\"la"@poczta.example', "zażółć@poczta.example"])
def test_who_is_erased_is_found_in_the_schedule_and_in_claims_however_the_address_is_written(
    database: Database, instance: Callable[..., UUID], address: str
) -> None:
    waiting, busy = chunk(header(), 1), chunk(header(), 2)
    for each in (*waiting.recipients, *busy.recipients):
        each["address"] = address
    settle(database, settled(waiting, MessageState.DEFERRED, due_at=datetime.now(UTC)))
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, instance(), [busy])

    who: Any = {"account_id": UUID(ACCOUNT), "addresses": [address]}
    with database.transaction() as session:
        before = people.made_by(datetime.now(UTC) + timedelta(minutes=1))
        assert people.withdraw(session, **who, before=before, found=[], change=True) == 1
        assert people.under_way(session, **who) == 1
        assert people.withdraw(session, **who, before=before, found=[], change=True) == 0


def test_a_day_that_has_just_begun_gets_statistics_at_once(database: Database, instance: Callable[..., UUID]) -> None:
    for _ in range(11):
        settle(database, settled(chunk(header(), *range(1, 101))))
    upkeep = Upkeep(
        database, PlainOutbound(), instance(), Publications(), ask=nobody, room=lambda: 0, on_due=print  # type: ignore[arg-type]
    )  # fmt: skip

    def analysed() -> bool:
        upkeep._analyse()
        with database.transaction() as session:
            asked = "SELECT max(reltuples) FROM pg_class WHERE relispartition AND relname LIKE 'ledger%'"
            return bool(session.scalar(text(asked)) >= 1_000)

    wait_until(analysed, what="statistics of the ledger")


def test_a_confirmation_after_the_end_is_none_of_its_business_but_an_outcome_is(
    database: Database, instance: Callable[..., UUID]
) -> None:
    """What is claimed is released after a clean end; not where an outcome came too late to be written down."""
    thread = LedgerThread(database, LEDGER, instance(), lambda _: None, lambda: None, linger=0.0)
    thread.start()
    assert thread.stop()

    thread.published(7)
    assert thread.stop()
    thread.settle(settled(chunk(header(), 1)))
    assert not thread.stop()
