"""Between two pieces of a campaign the loop does what came meanwhile; and all of it in the order in which it came."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from channel.batches import Batch, Header
from channel.claims import Taken
from channel.ledger_work import Outcome, Work
from channel.loop import Loop
from channel.outlets import Chunk, Claim
from channel.turns import Turns
from chassis.ids import new_id
from contracts.vocabulary import Lane

from .test_loop import ACCOUNT, FakeDelivery, FakeLedger, FakeOutbound, FakeOutlet, KnownContent, Outbox


class Carrier(FakeOutlet):
    def __init__(self) -> None:
        super().__init__()
        self.lanes = (Lane.OTP, Lane.BULK)
        for lane in self.lanes:
            self.waiting.setdefault(lane, type(self.waiting[Lane.BULK])())
            self.claiming.setdefault(lane, 0)
            self.claimed.setdefault(lane, 0)

    def has_room(self, lane: Lane) -> bool:
        return True


class Process:
    """A loop with a carrier, and a ledger that the test commits."""

    def __init__(self) -> None:
        self.outbound = FakeOutbound()
        self.carrier = self.outbound.outlet = Carrier()
        self.loop = Loop(self.outbound, lambda _hash: KnownContent())  # type: ignore[arg-type]
        self.campaigns, self.codes = FakeLedger(), FakeLedger()
        self.loop.ledger, self.loop.claims_at_once = self.campaigns, self.codes  # type: ignore[assignment]
        self.loop.publisher = Outbox()  # type: ignore[assignment]
        self.outbound.attach(self.loop, None)  # type: ignore[arg-type]

    def taken(self, lane: Lane, size: int) -> Taken:
        """A chunk whose claim is on disk."""
        chunk = Chunk(Batch(header(lane), KnownContent(), size), self.carrier, recipients(size))
        chunk.claim = Claim(new_id(), size)
        self.carrier.claiming[lane] += size
        return Taken(chunk, chunk.recipients, [], [])

    def handed_over(self) -> list[Lane]:
        return [message.header.lane for message in self.carrier.held]


def raw(lane: Lane) -> dict[str, Any]:
    return {
        "batch_id": str(new_id()), "account_id": ACCOUNT, "send_id": str(new_id()), "content_hash": "known",
        "campaign_id": str(new_id()) if lane is Lane.BULK else None,
    }  # fmt: skip


def header(lane: Lane) -> Header:
    return Header(raw(lane), lane)


def recipients(size: int) -> list[dict[str, Any]]:
    return [{"number": number, "address": f"+{number}", "contact_id": None} for number in range(1, size + 1)]


def delivery(lane: Lane, size: int) -> Any:
    return FakeDelivery(orjson.dumps({**raw(lane), "recipients": recipients(size)}))


async def rest(turns: int = 20) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


def test_a_code_whose_claim_is_committed_with_a_campaigns_leaves_before_them() -> None:
    async def act() -> None:
        process = Process()
        campaign = [process.taken(Lane.BULK, 5) for _ in range(4)]
        process.loop.on_committed(Outcome(Work(), taken=[*campaign, process.taken(Lane.OTP, 1)]))
        await rest()
        assert process.handed_over() == [Lane.OTP, *[Lane.BULK] * 20]
        assert process.carrier.claiming == {Lane.OTP: 0, Lane.BULK: 0}

    asyncio.run(act())


def test_a_code_that_comes_during_a_campaigns_piece_leaves_before_the_next() -> None:
    async def act() -> None:
        process = Process()
        code = Outcome(Work(), taken=[process.taken(Lane.OTP, 1)])
        compose = process.outbound.compose

        def composed(chunk: Chunk, *others: Any) -> Any:
            if not process.carrier.held and chunk.batch.header.lane is Lane.BULK:
                process.loop.on_committed(code)  # from another thread, while this piece is at work
            return compose(chunk, *others)

        process.outbound.compose = composed  # type: ignore[method-assign]
        process.loop.on_committed(Outcome(Work(), taken=[process.taken(Lane.BULK, 5) for _ in range(4)]))
        await rest()
        assert process.handed_over() == [*[Lane.BULK] * 5, Lane.OTP, *[Lane.BULK] * 15]

    asyncio.run(act())


def test_a_code_from_its_lane_is_claimed_before_the_batches_of_a_campaign_that_came_first() -> None:
    async def act() -> None:
        process, claimed = Process(), list[Lane]()
        for ledger in (process.campaigns, process.codes):
            ledger.claim = lambda chunk: claimed.append(chunk.batch.header.lane)  # type: ignore[method-assign]
        for _ in range(3):
            process.loop.on_delivery(Lane.BULK, delivery(Lane.BULK, 10))
        process.loop.on_delivery(Lane.OTP, delivery(Lane.OTP, 1))
        await asyncio.sleep(0.05)  # its content is read on a thread, once
        await rest()
        again = len(claimed)
        for _ in range(3):
            process.loop.on_delivery(Lane.BULK, delivery(Lane.BULK, 10))
        process.loop.on_delivery(Lane.OTP, delivery(Lane.OTP, 1))
        await rest()
        assert claimed[again:] == [Lane.OTP, *[Lane.BULK] * 3]

    asyncio.run(act())


def test_what_waits_for_its_turn_is_not_handed_over_once_the_process_stops() -> None:
    async def act() -> None:
        process = Process()
        process.loop.on_committed(Outcome(Work(), taken=[process.taken(Lane.BULK, 5) for _ in range(4)]))
        await asyncio.sleep(0)
        process.loop.is_stopping = True
        await rest()
        assert len(process.handed_over()) < 20

    asyncio.run(act())


@given(st.lists(st.booleans(), max_size=12))
def test_pieces_are_done_in_their_order_whatever_they_add_and_one_that_fails_stops_no_other(fails: list[bool]) -> None:
    done: list[int] = []

    def piece(number: int) -> None:
        done.append(number)
        if number < len(fails):
            turns.add(partial(piece, number + len(fails)))
            if fails[number]:
                raise ValueError

    async def act() -> None:
        nonlocal turns
        running = asyncio.get_running_loop()
        running.set_exception_handler(lambda _loop, context: failed.append(context))
        turns = Turns(running)
        for number in range(len(fails)):
            turns.add(partial(piece, number))
        await rest(4 * len(fails) + 2)

    turns: Any = None
    failed: list[Any] = []
    asyncio.run(act())
    assert done == [*range(2 * len(fails))]
    assert len(failed) == sum(fails)
