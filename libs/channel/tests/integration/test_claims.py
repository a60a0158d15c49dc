"""Claims on a real database: nobody is handed over twice, whoever has the same batch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Cursor
from sqlalchemy import text

from channel import claims, instances, settlement
from channel.batches import Batch, Header, Recipient
from channel.claims import Taken
from channel.outlets import Chunk, Claim
from chassis import erasures
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts.vocabulary import ERASED_ADDRESS, Lane, MessageState

from .conftest import ACCOUNT, LEDGER, KnownContent, chunk, header, settled, take_due


def take(database: Database, instance_id: UUID, *chunks: Chunk) -> list[Taken]:
    with database.transaction() as session:
        return claims.take(cursor_of(session), LEDGER, instance_id, chunks)


def settle(database: Database, of: Chunk, state: MessageState = MessageState.DELIVERED) -> None:
    assert of.claim is not None
    with database.transaction() as session:
        cursor = cursor_of(session)
        settlement.settle(cursor, LEDGER, settled(of, state, due_at=datetime.now(UTC)))
        claims.delete(cursor, [of.claim.claim_id])


def numbers(taken: Taken) -> list[int]:
    return [recipient["number"] for recipient in taken.mine]


def test_a_fresh_chunk_is_claimed_whole(database: Database, instance: Callable[..., UUID]) -> None:
    (taken,) = take(database, instance(), chunk(header(), 1, 2, 3))

    assert (numbers(taken), taken.settled, taken.claimed_elsewhere, taken.size) == ([1, 2, 3], [], [], 3)
    assert taken.chunk.claim is not None and taken.chunk.claim.unsettled == 3


def test_what_is_to_be_known_of_a_claim_is_asked_for_at_once(
    database: Database, instance: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each answer a claim waits for its turn on the GIL."""
    me, sent, execute = instance(), list[str](), Cursor.execute

    def counted(cursor: Cursor[Any], query: Any, *others: Any, **more: Any) -> Any:
        sent.append(query)
        return execute(cursor, query, *others, **more)

    monkeypatch.setattr(Cursor, "execute", counted)
    with database.transaction() as session:
        (taken,) = claims.take(cursor_of(session), LEDGER, me, [chunk(header(Lane.OTP), 1)], lives=True)

    assert numbers(taken) == [1]
    assert len(sent) == 1


def test_what_another_has_claimed_waits_and_what_is_settled_is_counted(
    database: Database, instance: Callable[..., UUID]
) -> None:
    of, first, second = header(), instance(), instance()
    done, busy = chunk(of, 1, 2), chunk(of, 3, 4)
    take(database, first, done, busy)
    settle(database, done)

    (taken,) = take(database, second, chunk(of, 1, 2, 3, 4, 5))

    assert numbers(taken) == [5]
    assert taken.settled == [("delivered", None)] * 2
    assert [one["number"] for one in taken.claimed_elsewhere] == [3, 4]
    assert [one["number"] for one in taken.chunk.recipients] == [5]


@pytest.mark.parametrize("lane", [Lane.BULK, Lane.TRANSACTIONAL])
def test_what_another_settles_while_it_is_looked_at_is_not_claimed_again(
    database: Database, instance: Callable[..., UUID], lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim is gone and its outcome there from one moment to the next, whichever of them is looked at first."""
    of = header(lane)
    (busy,) = take(database, instance(), chunk(of, 1, 2))
    meanwhile = [lambda: settle(database, busy.chunk)]

    def interrupted(look: Callable[..., Any]) -> Callable[..., Any]:
        def looked(*given: Any) -> Any:
            found = look(*given)
            while meanwhile:
                meanwhile.pop()()
            return found

        return looked

    for name in ("_claimed", "_states"):
        monkeypatch.setattr(claims, name, interrupted(getattr(claims, name)))
    (taken,) = take(database, instance(), chunk(of, 1, 2, 3))

    assert numbers(taken) == [3]


def test_a_deferred_message_of_a_batch_that_comes_again_is_the_schedules(
    database: Database, instance: Callable[..., UUID]
) -> None:
    of, me = header(), instance()
    (taken,) = take(database, me, chunk(of, 1))
    settle(database, taken.chunk, MessageState.DEFERRED)

    (again,) = take(database, me, chunk(of, 1))

    assert (again.mine, again.settled, again.chunk.claim) == ([], [("deferred", None)], None)


def test_the_same_batch_twice_in_one_transaction_is_claimed_once(
    database: Database, instance: Callable[..., UUID]
) -> None:
    of = header()

    one, two = take(database, instance(), chunk(of, 1, 2), chunk(of, 1, 2, 3))

    assert (numbers(one), numbers(two)) == ([1, 2], [3])
    assert [each["number"] for each in two.claimed_elsewhere] == [1, 2]


def test_a_second_try_after_a_lost_answer_claims_the_same_again(
    database: Database, instance: Callable[..., UUID]
) -> None:
    me, mine = instance(), chunk(header(), 1, 2)
    take(database, me, mine)

    (again,) = take(database, me, mine)

    assert (numbers(again), again.claimed_elsewhere) == ([1, 2], [])


def test_many_instances_with_the_same_batch_claim_each_recipient_once(
    database: Database, instance: Callable[..., UUID]
) -> None:
    of, taken, start = header(), list[Taken](), threading.Barrier(6)

    def work(instance_id: UUID) -> None:
        start.wait(10)
        for first in range(1, 101, 10):
            taken.extend(take(database, instance_id, chunk(of, *range(first, first + 10))))

    threads = [threading.Thread(target=work, args=(instance(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(number for each in taken for number in numbers(each)) == list(range(1, 101))


def test_accepted_rows_are_taken_over_for_single_messages_only(
    database: Database, instance: Callable[..., UUID]
) -> None:
    for lane, expected in ((Lane.TRANSACTIONAL, [1]), (Lane.BULK, [])):
        of = header(lane)
        with database.transaction() as session:
            cursor_of(session).execute(
                "INSERT INTO ledger (message_id, account_id, address, state) VALUES (%s, %s, 'x', 'accepted')",
                (of.id_of(1), ACCOUNT),
            )
        (taken,) = take(database, instance(), chunk(of, 1))
        assert (numbers(taken), sorted(taken.chunk.existing)) == (expected, expected)


def test_who_was_erased_is_claimed_without_a_name(database: Database, instance: Callable[..., UUID]) -> None:
    of = header()
    with database.transaction() as session:
        erasures.remember(session, account_id=UUID(ACCOUNT), addresses=["+48600000002"], erased_at=datetime.now(UTC))
    later = chunk(header(), 2)

    taken, _ = take(database, instance(), chunk(of, 1, 2), later)

    assert [one["address"] for one in taken.mine] == ["+48600000001", ERASED_ADDRESS]


def test_only_the_dead_are_swept_and_a_clean_stop_leaves_nothing(
    database: Database, instance: Callable[..., UUID]
) -> None:
    dead, stopping = instance(is_dead=True), instance()
    take(database, dead, chunk(header(), 1, 2))
    take(database, stopping, chunk(header(), 1))
    with database.transaction() as session:
        cursor = cursor_of(session)
        swept = claims.take_abandoned(cursor, new_id(), 10)
        claims.leave(cursor, stopping)

    assert [[one["number"] for one in each.body["recipients"]] for each in swept] == [[1, 2]]
    with database.transaction() as session:
        assert claims.take_abandoned(cursor_of(session), new_id(), 10) == []


def test_a_second_try_of_a_partly_known_chunk_knows_all_of_it_again(
    database: Database, instance: Callable[..., UUID]
) -> None:
    of, me = header(), instance()
    done, busy, whole = chunk(of, 1, 2), chunk(of, 3, 4), chunk(of, 1, 2, 3, 4, 5)
    take(database, instance(), done, busy)
    settle(database, done)
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, me, [whole])
        session.rollback()  # the server went away

    (again,) = take(database, me, whole)

    assert (numbers(again), len(again.settled), len(again.claimed_elsewhere)) == ([5], 2, 2)
    assert again.size == 5


def test_nobody_sweeps_its_own_claims_whatever_its_lease_says(
    database: Database, instance: Callable[..., UUID]
) -> None:
    late = instance(is_dead=True)
    take(database, late, chunk(header(), 1))

    with database.transaction() as session:
        assert claims.take_abandoned(cursor_of(session), late, 10) == []
        assert len(claims.take_abandoned(cursor_of(session), new_id(), 10)) == 1


def test_a_transaction_that_began_long_ago_shortens_no_lease(database: Database, instance: Callable[..., UUID]) -> None:
    me = instance()
    with database.transaction() as old:
        old.execute(text("SELECT now()"))
        with database.transaction() as session:
            instances.renew_lease(cursor_of(session), me)
            (later,) = cursor_of(session).execute("SELECT expires_at FROM instances").fetchone()
        instances.renew_lease(cursor_of(old), me)
        (now,) = cursor_of(old).execute("SELECT expires_at FROM instances").fetchone()

    assert now >= later


def expires_in(database: Database, instance_id: UUID, seconds: float | None = None) -> float:
    """For how long the lease is good; made so long where it is said."""
    with database.transaction() as session:
        cursor = cursor_of(session)
        if seconds is not None:
            changed = "UPDATE instances SET expires_at = clock_timestamp() + make_interval(secs => %s)"
            cursor.execute(f"{changed} WHERE instance_id = %s", (seconds, instance_id))
        asked = "SELECT extract(epoch FROM expires_at - clock_timestamp())::float FROM instances WHERE instance_id = %s"
        row = cursor.execute(asked, (instance_id,)).fetchone()
        assert row is not None
        return float(row[0])


def test_who_claims_and_who_renews_wait_for_none_of_each_other(
    database: Database, instance: Callable[..., UUID]
) -> None:
    me, length = instance(), float(instances.LEASE_SECONDS)
    with database.transaction() as bulk, database.transaction() as code, database.transaction() as renewal:
        for session in (bulk, code, renewal):
            session.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert instances.hold_unless_left(cursor_of(bulk), me)
        instances.renew_lease(cursor_of(renewal), me)
        assert instances.hold_unless_left(cursor_of(code), me)
        renewal.commit()
        assert instances.hold_unless_left(cursor_of(code), me)

    assert length - 1 < expires_in(database, me) <= length


@pytest.mark.parametrize("left", [-60.0, instances.CLAIM_SECONDS - 1.0])
def test_who_claims_has_time_whatever_is_left_of_its_lease(
    database: Database, instance: Callable[..., UUID], left: float
) -> None:
    """Its renewals have been late: then the claim renews, and shows only together with that."""
    me, other = instance(), instance()
    expires_in(database, me, left)
    with database.transaction() as session:
        (taken,) = claims.take(cursor_of(session), LEDGER, me, [chunk(header(Lane.OTP), 1)], lives=True)
        assert swept(database, other) == [], "it is not committed"

    assert numbers(taken) == [1]
    assert swept(database, other) == []
    assert expires_in(database, me) > instances.CLAIM_SECONDS - 1


def test_a_claim_that_was_held_long_is_not_swept_before_its_time_though_nobody_renews(
    database: Database, instance: Callable[..., UUID]
) -> None:
    me, other = instance(), instance()
    before = expires_in(database, me, instances.CLAIM_SECONDS + 0.5)
    with database.transaction() as session:
        claims.take(cursor_of(session), LEDGER, me, [chunk(header(Lane.OTP), 1)], lives=True)

    assert expires_in(database, me) < before, "with enough left it is not renewed"
    assert swept(database, other) == []
    expires_in(database, me, -0.001)
    assert len(swept(database, other)) == 1


def test_who_has_left_while_a_claim_was_about_to_begin_claims_nothing(
    database: Database, instance: Callable[..., UUID]
) -> None:
    me, held = instance(), list[bool]()

    def claim() -> None:
        with database.transaction() as session:
            held.append(instances.hold_unless_left(cursor_of(session), me))

    claiming = threading.Thread(target=claim)
    with database.transaction() as session:
        claims.leave(cursor_of(session), me)
        claiming.start()
        wait_until(lambda: is_anybody_waiting(database), what="the one who claims")
    claiming.join(10)

    assert held == [False]


def swept(database: Database, instance_id: UUID) -> list[claims.Abandoned]:
    with database.transaction() as session:
        return claims.take_abandoned(cursor_of(session), instance_id, 10)


def test_a_clean_stop_puts_back_what_came_from_the_schedule(database: Database, instance: Callable[..., UUID]) -> None:
    of, me = header(), instance()
    (taken,) = take(database, me, chunk(of, 1, 2, 3))
    settle(database, taken.chunk, MessageState.DEFERRED)
    due = claimed_of_the_schedule(database, me, of, taken.chunk.recipients, attempts={1: 4, 2: 1, 3: 1})
    delivered = chunk(of, 3)
    delivered.existing = frozenset({3})
    with database.transaction() as session:  # one of the three has its outcome, so the claim still stands
        settlement.settle(cursor_of(session), LEDGER, settled(delivered, MessageState.DELIVERED))

    with database.transaction() as session:
        claims.leave(cursor_of(session), me)

    with database.transaction() as session:
        back = take_due(cursor_of(session), 10)
        assert cursor_of(session).execute("SELECT count(*) FROM claims").fetchone() == (0,)
    assert sorted((each.body["recipients"][0]["number"], each.attempts) for each in back) == [(1, 4), (2, 1)]
    assert {each.body["send_id"] for each in back} == {str(of.send_id)}
    assert due.claim is not None


def test_a_clean_stop_puts_nothing_back_that_another_is_trying_again(
    database: Database, instance: Callable[..., UUID]
) -> None:
    """Of two in a claim of the schedule one was put off again, and is another's second attempt by now."""
    of, me = header(), instance()
    (taken,) = take(database, me, chunk(of, 1, 2))
    settle(database, taken.chunk, MessageState.DEFERRED)
    claimed_of_the_schedule(database, me, of, taken.chunk.recipients, attempts={1: 1, 2: 1})
    again = chunk(of, 1)
    again.existing, again.attempts = frozenset({1}), {1: 1}
    with database.transaction() as session:
        settlement.settle(cursor_of(session), LEDGER, settled(again, MessageState.DEFERRED, due_at=datetime.now(UTC)))
    claimed_of_the_schedule(database, instance(), of, again.recipients, attempts={1: 2})

    with database.transaction() as session:
        claims.leave(cursor_of(session), me)

    with database.transaction() as session:
        back = take_due(cursor_of(session), 10)
    assert [each.body["recipients"][0]["number"] for each in back] == [2]


def test_a_clean_stop_waits_for_a_claim_that_is_just_written_and_takes_it_back(
    database: Database, instance: Callable[..., UUID]
) -> None:
    of, me = header(), instance()
    (taken,) = take(database, me, chunk(of, 1))
    settle(database, taken.chunk, MessageState.DEFERRED)

    def leave() -> None:
        with database.transaction() as session:
            claims.leave(cursor_of(session), me)

    leaving = threading.Thread(target=leave)
    with database.transaction() as session:
        cursor = cursor_of(session)
        assert instances.hold_unless_left(cursor, me)
        claim_of_the_schedule(cursor, me, of, taken.chunk.recipients, attempts={1: 1})
        leaving.start()
        wait_until(lambda: is_anybody_waiting(database), what="the one who leaves")
    leaving.join(10)

    with database.transaction() as session:
        cursor = cursor_of(session)
        assert [each.body["recipients"][0]["number"] for each in take_due(cursor, 10)] == [1]
        assert cursor.execute("SELECT count(*) FROM claims").fetchone() == (0,)
        assert not instances.hold_unless_left(cursor, me)


def is_anybody_waiting(database: Database) -> bool:
    with database.transaction() as session:
        asked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(session.scalar(text(f"SELECT EXISTS ({asked})")))


def claimed_of_the_schedule(
    database: Database, instance_id: UUID, of: Header, recipients: list[Recipient], *, attempts: dict[int, int]
) -> Chunk:
    """The messages' way from the schedule into a claim, as the upkeep takes it."""
    with database.transaction() as session:
        return claim_of_the_schedule(cursor_of(session), instance_id, of, recipients, attempts=attempts)


def claim_of_the_schedule(
    cursor: Cursor[Any], instance_id: UUID, of: Header, recipients: list[Recipient], *, attempts: dict[int, int]
) -> Chunk:
    assert len(take_due(cursor, 10)) == len(recipients)
    made = Chunk(Batch(of, KnownContent(), len(recipients)), None, recipients)
    made.claim, made.attempts = Claim(new_id(), len(recipients)), attempts
    claims.insert(cursor, instance_id, [made])
    return made


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sets(st.integers(1, 30), min_size=1, max_size=12), st.booleans()), max_size=8))
def test_whatever_comes_again_everybody_is_claimed_once(
    database: Database, instance: Callable[..., UUID], steps: list[tuple[set[int], bool]]
) -> None:
    """Overlapping chunks, some settled before the next comes: each number is ours at most once."""
    of, seen, claimed, done = header(send_id=new_id()), set[int](), set[int](), set[int]()
    for wanted, is_settled in steps:
        (taken,) = take(database, instance(), chunk(of, *sorted(wanted)))
        assert set(numbers(taken)) == wanted - seen
        assert {one["number"] for one in taken.claimed_elsewhere} == wanted & claimed
        assert len(taken.settled) == len(wanted & done)
        fresh = wanted - seen
        seen |= fresh
        if is_settled and fresh:
            settle(database, taken.chunk)
            done |= fresh
        else:
            claimed |= fresh
