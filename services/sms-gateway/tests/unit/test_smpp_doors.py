"""Binds that are compared the dear way: whose turn it is, and who has none."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from sms_gateway.domain.smpp_partners import network_of
from sms_gateway.smpp_server.doors import SLOW_OF_NETWORK, Comparisons, NoRoom

FOREVER = 3600.0


async def started(work: Coroutine[Any, Any, bool]) -> asyncio.Task[bool]:
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    return task


def test_one_network_takes_no_others_turn() -> None:
    asyncio.run(two_networks())


async def two_networks() -> None:
    comparisons, here = Comparisons(), asyncio.get_running_loop().create_future()
    waiting = [
        await started(comparisons.fits("192.0.2.1", FOREVER, here, lambda: True)) for _ in range(SLOW_OF_NETWORK)
    ]
    with pytest.raises(NoRoom):
        await comparisons.fits("192.0.2.1", 0, here, lambda: True)
    assert await comparisons.fits("192.0.2.2", 0, here, lambda: True)
    for task in waiting:
        task.cancel()


def test_who_is_gone_is_not_compared_and_makes_room() -> None:
    asyncio.run(five_are_gone())


async def five_are_gone() -> None:
    comparisons, loop = Comparisons(), asyncio.get_running_loop()
    gone = loop.create_future()
    compared: list[int] = []
    waiting = [
        await started(comparisons.fits("192.0.2.1", FOREVER, gone, lambda: not compared.append(1)))
        for _ in range(SLOW_OF_NETWORK)
    ]
    gone.set_result(None)
    assert await asyncio.gather(*waiting) == [False] * SLOW_OF_NETWORK
    assert not compared
    assert await comparisons.fits("192.0.2.1", 0, loop.create_future(), lambda: True)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_strangers_are_told_apart_by_their_network(address: str, network: str) -> None:
    assert network_of(address) == network
