"""APNs over HTTP/2 that misbehaves, on raw sockets: what `docs/provider-peers.md` says."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import NamedTuple

import jwt
import pytest
from hyperframe.frame import GoAwayFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame
from providers import cases
from providers.apns_cases import APNS_CASES, REFUSED_STREAM, ApnsCase, Apple, well
from providers.bench import APNS, Bench, Seen
from providers.cases import GONE, LATER, REFUSED, TAKEN, UNKNOWN, UNSURE
from test_misbehaving_providers import PATIENCE, QUICK

from channel.testing_peers import Connection, Play, RawProvider
from contracts.vocabulary import MessageState

STATES = {
    TAKEN: {MessageState.DELIVERED}, UNKNOWN: {MessageState.UNKNOWN}, LATER: {MessageState.DEFERRED},
    UNSURE: {MessageState.UNKNOWN, MessageState.DEFERRED},
    REFUSED: {MessageState.REJECTED}, GONE: {MessageState.REJECTED},
}  # fmt: skip


class Played(NamedTuple):
    """:ivar after: what became of another account's message, once APNs was well."""

    seen: Seen
    after: Seen
    asked: int
    said: int


async def play(case: ApnsCase) -> Played:
    async with RawProvider(case.play) as server:
        one = Bench(APNS, server.url, server.url, QUICK if case.hangs else PATIENCE, PATIENCE)
        try:
            seen = await one.send()
            asked, said = len(server.asked), server.said
            await server.calm(well)
            return Played(seen, await one.send(account=2), asked, said)
        finally:
            await one.close()


@cache
def played() -> dict[str, Played]:
    async def play_all() -> list[Played]:
        return await asyncio.gather(*map(play, APNS_CASES))

    return dict(zip([case.does for case in APNS_CASES], asyncio.run(play_all()), strict=True))


@pytest.mark.parametrize("case", APNS_CASES, ids=lambda case: case.does)
def test_an_apns_that(case: ApnsCase) -> None:
    found = played()[case.does]

    assert found.seen.state in STATES[case.finds], found.seen
    assert found.seen.is_archived is (case.finds == GONE)
    assert case.times in (None, found.asked)
    if case.waits is not None:
        assert found.seen.wait is not None and case.waits[0] <= found.seen.wait <= case.waits[1]
    assert found.said <= cases.MOST_SAID, "who never ends is hung up on"
    assert found.after.state is MessageState.DELIVERED, "another account's message"


def many(play_: Play, accounts: int = 5, timeout: float = PATIENCE) -> list[Seen]:
    """Messages of so many accounts at once, in the order of their accounts."""

    async def run() -> list[Seen]:
        async with RawProvider(play_) as server:
            one = Bench(APNS, server.url, server.url, timeout, PATIENCE)
            seen = await asyncio.gather(*(one.send(account) for account in range(1, accounts + 1)))
            await one.close()
            return seen

    return asyncio.run(run())


def account_of(apple: Apple, stream: int) -> int:
    """By the team that its token names."""
    signed = apple.heads[stream]["authorization"].removeprefix("bearer ")
    return int(jwt.decode(signed, options={"verify_signature": False})["iss"].removeprefix("TEAM"))


def test_answers_in_another_order_are_each_messages_own() -> None:
    async def backwards(connection: Connection) -> None:
        apple = Apple(connection)
        await apple.begin({3: 100})
        streams = [await apple.request() for _ in range(5)]
        for stream in reversed(streams):
            refuses = account_of(apple, stream) in (2, 4)
            await apple.say(stream, *((400, b'{"reason":"BadDeviceToken"}') if refuses else ()))
        await connection.wait()

    rejected, delivered = MessageState.REJECTED, MessageState.DELIVERED
    assert [one.state for one in many(backwards)] == [delivered, rejected, delivered, rejected, delivered]


def test_one_stream_at_a_time_is_enough_for_all() -> None:
    async def one_at_a_time(connection: Connection) -> None:
        apple = Apple(connection)
        await apple.begin({3: 1})
        while True:
            await apple.say(await apple.request())

    assert {one.state for one in many(one_at_a_time)} == {MessageState.DELIVERED}


def one_after_another(play_: Play, timeout: float) -> list[Seen]:
    """Two accounts' messages."""

    async def run() -> list[Seen]:
        async with RawProvider(play_) as server:
            one = Bench(APNS, server.url, server.url, timeout, PATIENCE)
            seen = [await one.send(1), await one.send(2)]
            await one.close()
            return seen

    return asyncio.run(run())


def test_a_window_that_opens_by_octets_is_waited_for() -> None:
    async def by_octets(connection: Connection) -> None:
        apple = Apple(connection)
        await apple.begin({4: 0})  # the first one has left before it is told
        first = await apple.request()
        await apple.say(first)
        stream = await apple.another(first)
        while not apple.has_ended:
            await apple.frames(WindowUpdateFrame(stream, window_increment=8))
            await apple.heard()
        await apple.say(await apple.request())
        await connection.wait()

    assert {one.state for one in one_after_another(by_octets, PATIENCE)} == {MessageState.DELIVERED}


def test_what_no_window_lets_out_has_not_left() -> None:
    async def never(connection: Connection) -> None:
        apple = Apple(connection)
        await apple.begin({4: 0})
        await apple.say(await apple.request())
        await connection.wait()

    states = [one.state for one in one_after_another(never, QUICK)]
    assert states == [MessageState.DELIVERED, MessageState.DEFERRED]


def test_of_many_streams_those_that_are_not_looked_at_wait_and_those_that_may_be_are_unknown() -> None:
    async def looks_at_two(connection: Connection) -> None:
        apple = Apple(connection)
        await apple.begin({3: 100})
        streams = sorted([await apple.request() for _ in range(5)])
        await apple.say(streams[0])
        await apple.frames(GoAwayFrame(0, last_stream_id=streams[1], error_code=0))
        connection.provider.play = closing_always
        await connection.wait()

    states = [one.state for one in many(looks_at_two)]
    assert states.count(MessageState.DELIVERED) == 1
    assert states.count(MessageState.UNKNOWN) >= 1, "the one that it may have taken"
    assert set(states) <= {MessageState.DELIVERED, MessageState.UNKNOWN, MessageState.DEFERRED}


async def closing_always(connection: Connection) -> None:
    """Whoever tries again over a new connection is refused there, before anything is taken."""
    apple = Apple(connection)
    await apple.begin()
    await apple.frames(GoAwayFrame(0, last_stream_id=0, error_code=0))
    await connection.wait()


def test_one_silent_stream_ends_alone_however_busy_its_connection() -> None:
    """And the streams that are left open do not use up what the server allows."""

    async def run() -> tuple[Seen, list[Seen]]:
        async def silent_to_the_first(connection: Connection) -> None:
            apple = Apple(connection)
            await apple.begin({3: 100})
            while True:
                stream = await apple.request()
                if account_of(apple, stream) != 1:
                    await apple.say(stream)

        async with RawProvider(silent_to_the_first) as server:
            one = Bench(APNS, server.url, server.url, QUICK, PATIENCE)
            first = asyncio.ensure_future(one.send(1))
            others: list[Seen] = []
            while not first.done():
                others.append(await one.send(2))
                await asyncio.sleep(0.2)
            await one.close()
            return await first, others

    first, others = asyncio.run(run())
    assert first.state is MessageState.UNKNOWN
    assert {one.state for one in others} == {MessageState.DELIVERED}


def test_streams_that_are_allowed_no_more_are_taken_over_a_new_connection() -> None:
    async def allows_none_after_the_first(connection: Connection) -> None:
        apple = Apple(connection)
        await apple.begin({3: 100})
        await apple.say(await apple.request())
        await apple.frames(SettingsFrame(0, settings={3: 0}))
        connection.provider.play = well
        while True:
            await apple.frames(RstStreamFrame(await apple.request(), error_code=REFUSED_STREAM))

    async def run() -> list[Seen]:
        async with RawProvider(allows_none_after_the_first) as server:
            one = Bench(APNS, server.url, server.url, PATIENCE, PATIENCE)
            seen = [await one.send(number) for number in (1, 2, 3, 4)]
            await one.close()
            return seen

    states = [one.state for one in asyncio.run(run())]
    assert states[0] is MessageState.DELIVERED
    assert set(states[1:]) <= {MessageState.DELIVERED, MessageState.DEFERRED}, "nothing of them is unknown"
    assert states[-1] is MessageState.DELIVERED
