"""What may wait at the SMPP server: bounds, and the shares of accounts."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from channel.single_sends import SingleSends, TooFewUnits
from sms_gateway.smpp_server.intake import MOST, MOST_OCTETS, Intake
from sms_gateway.smpp_server.room import SHARE, Room

FIRST, SECOND = UUID(int=1), UUID(int=2)


def plan(account_id: UUID) -> Any:
    return SimpleNamespace(account_id=account_id)


def filled(intake: Intake, frame: int) -> int:
    """How many the first account may put."""
    count = 0
    while intake.has_room(FIRST, frame):
        intake.put(plan(FIRST), frame, lambda _answer: None)
        count += 1
    return count


def intake_of(sends: Any) -> Intake:
    return Intake(sends, lambda: None)


def test_an_account_has_a_share_in_number() -> None:
    intake = intake_of(Mock(SingleSends))
    assert filled(intake, 100) == MOST // SHARE
    assert intake.has_room(SECOND, 100)


def test_an_account_has_a_share_in_octets() -> None:
    intake = intake_of(Mock(SingleSends))
    assert filled(intake, 64 * 1024) <= MOST_OCTETS // SHARE // (64 * 1024)
    assert intake.has_room(SECOND, 64 * 1024)


def test_what_waits_for_quota_waits_too() -> None:
    asyncio.run(leasing())


async def leasing() -> None:
    goes_on = threading.Event()
    sends = Mock(SingleSends)
    sends.store.side_effect = lambda plans: [TooFewUnits(each.account_id, 1, 0) for each in plans]
    sends.send.side_effect = lambda plans: goes_on.wait() and [Exception()] * len(plans)
    intake = intake_of(sends)
    count = filled(intake, 100)
    intake.stop()
    running = asyncio.create_task(intake.run())
    while sends.store.call_count * 500 < count:
        await asyncio.sleep(0.001)
    assert not intake.has_room(FIRST, 100)
    goes_on.set()
    await running
    assert filled(intake, 100) == count
    intake.close()


@given(st.lists(st.tuples(st.sampled_from([FIRST, SECOND, UUID(int=3)]), st.integers(0, 40))))
def test_no_more_than_the_bounds_wait_and_all_is_given_back(asked: list[tuple[UUID, int]]) -> None:
    room = Room(20, 100)
    held: list[tuple[UUID, int]] = []
    for each in asked:
        if room.has(*each):
            room.take(*each)
            held.append(each)
    for account_id in (FIRST, SECOND, UUID(int=3)):
        own = [octets for owner, octets in held if owner == account_id]
        assert len(own) <= 5 and sum(own) <= 25
    for each in held:
        room.give(*each)
    assert room.has(FIRST, 25) and not room._of_account
