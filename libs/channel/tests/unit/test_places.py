"""Places of a provider: what campaigns and one sender leave to the others."""

from __future__ import annotations

import asyncio

from channel.providers.places import Places
from contracts.vocabulary import Lane

MOST, KEPT, OF_ONE = 10, 2, 6


async def taken(*asked: tuple[Lane, str, int]) -> list[tuple[str, int]]:
    """How many of each request got a place while nobody gives one back, in the order of asking."""
    places, got = Places(MOST, KEPT, OF_ONE), [0] * len(asked)
    tasks = []

    async def hold(at: int, lane: Lane, whose: str) -> None:
        async with places.one(lane, whose):
            got[at] += 1
            await asyncio.sleep(60)

    for at, (lane, whose, count) in enumerate(asked):
        tasks += [asyncio.create_task(hold(at, lane, whose)) for _ in range(count)]
        for _ in range(3):
            await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not places._shares  # who has none and waits for none is forgotten
    return [(whose, count) for (_, whose, _), count in zip(asked, got, strict=True)]


def test_one_sender_leaves_places_to_the_others_and_campaigns_to_single_messages() -> None:
    found = asyncio.run(taken((Lane.BULK, "a", 20), (Lane.BULK, "b", 20), (Lane.TRANSACTIONAL, "c", 20)))

    assert found == [("a", OF_ONE), ("b", MOST - KEPT - OF_ONE), ("c", KEPT)]


def test_single_messages_of_one_sender_leave_places_too() -> None:
    found = asyncio.run(taken((Lane.TRANSACTIONAL, "a", 20), (Lane.TRANSACTIONAL, "b", 20)))

    assert found == [("a", OF_ONE), ("b", MOST - OF_ONE)]


def test_a_place_that_is_given_back_is_had_again() -> None:
    async def run() -> int:
        places, done = Places(MOST, KEPT, OF_ONE), 0

        async def once() -> None:
            nonlocal done
            async with places.one(Lane.BULK, "a"):
                await asyncio.sleep(0)
                done += 1

        await asyncio.gather(*(once() for _ in range(100)))
        return done

    assert asyncio.run(run()) == 100
