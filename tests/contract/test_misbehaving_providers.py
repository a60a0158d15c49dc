"""Providers that misbehave, on raw sockets, and what becomes of messages: what `docs/provider-peers.md` says.

Cases of a provider are played several at once, each with a server, a client and an outlet of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from typing import NamedTuple

import pytest
from providers import bench, cases, document
from providers.bench import FCM, RCS, VIBER, WEB, WHATSAPP, Bench, Provider, Seen
from providers.cases import CASES, GONE, LATER, QUICK, REFUSED, TAKEN, TOKEN_CASES, UNKNOWN, UNSURE, Case
from providers.hook_cases import HOOK_CASES

from channel.testing_peers import Asked, Connection, RawProvider, answering
from contracts.vocabulary import MessageState

AT_ONCE = 8
PATIENCE = 60.0  # seconds for an answer that does come, on a machine that is busy
PROVIDERS = (FCM, WEB, RCS, WHATSAPP, VIBER)


class Played(NamedTuple):
    """:ivar after: what became of another account's message, once the provider was well."""

    seen: Seen
    after: Seen
    asked: list[Asked]
    asked_after: list[Asked]
    said: int
    strangers: int


async def play(provider: Provider, case: Case, *, of_token: bool) -> Played:
    token_well = answering(lambda _: bench.TOKEN)
    async with (
        RawProvider(provider.well) as elsewhere,
        RawProvider(provider.well) as server,
        RawProvider(token_well) as tokens,
    ):
        (tokens if of_token else server).play = case.play(provider, elsewhere.url)
        quick, slow = QUICK if case.hangs else PATIENCE, PATIENCE
        one = Bench(
            provider, server.url, f"{tokens.url}/token", slow if of_token else quick, quick if of_token else slow
        )
        try:
            seen = await one.send()
            asked, said = list(server.asked), server.said + tokens.said
            await tokens.calm(token_well)
            await server.calm(provider.well)
            after = await one.send(account=2)
        finally:
            await one.close()
        return Played(seen, after, asked, server.asked[len(asked) :], said, elsewhere.connections)


@cache
def played(name: str, of_token: bool) -> dict[str, Played]:
    provider = next(one for one in PROVIDERS if one.name == name)
    tried = TOKEN_CASES if of_token else cases.cases_of(provider)

    async def play_all() -> list[Played]:
        some = asyncio.Semaphore(AT_ONCE)

        async def in_turn(case: Case) -> Played:
            async with nullcontext() if case.hangs else some:  # who waits needs no processor
                return await play(provider, case, of_token=of_token)

        return await asyncio.gather(*map(in_turn, tried))

    return dict(zip([case.does for case in tried], asyncio.run(play_all()), strict=True))


def states(provider: Provider, finds: str) -> set[MessageState | None]:
    return {
        TAKEN: {provider.taken}, UNKNOWN: {provider.unknown}, LATER: {MessageState.DEFERRED},
        UNSURE: {provider.unknown, MessageState.DEFERRED},
        REFUSED: {MessageState.REJECTED}, GONE: {MessageState.REJECTED},
    }[finds]  # fmt: skip


def check(provider: Provider, case: Case, found: Played) -> None:
    seen = found.seen
    assert seen.state in states(provider, case.finds), seen
    assert seen.is_archived is (case.finds == GONE)
    assert (seen.code is None) is (case.finds == TAKEN)
    if case.waits is not None:
        assert seen.wait is not None and case.waits[0] <= seen.wait <= case.waits[1]
    assert found.strangers == 0, "nobody is followed elsewhere, least of all with credentials"
    assert found.said <= cases.MOST_SAID, "who never ends is hung up on"
    assert found.after.state is provider.taken, "another account's message"
    assert not any("cookie" in asked.headers for asked in found.asked_after)


@pytest.mark.parametrize(
    ("provider", "case"),
    [pytest.param(one, case, id=f"{one.name}: {case.does}") for one in PROVIDERS for case in cases.cases_of(one)],
)
def test_a_provider_that(provider: Provider, case: Case) -> None:
    found = played(provider.name, False)[case.does]

    check(provider, case, found)
    assert case.times in (None, len(found.asked))


@pytest.mark.parametrize(
    ("provider", "case"),
    [pytest.param(one, case, id=f"{one.name}: {case.does}") for one in (FCM, RCS) for case in TOKEN_CASES],
)
def test_a_token_endpoint_that(provider: Provider, case: Case) -> None:
    """Without a token nothing leaves, and nothing is unknown then."""
    found = played(provider.name, True)[case.does]

    check(provider, case, found)
    assert len(found.asked) == (1 if case.finds == TAKEN else 0)


@pytest.mark.parametrize("provider", [FCM, WEB, WHATSAPP, VIBER], ids=lambda one: one.name)
def test_what_is_answered_twice_is_no_answer_to_the_next_message(provider: Provider) -> None:
    async def twice(connection: Connection) -> None:
        good = provider.good(await connection.request())
        await connection.say(good + good)
        await connection.request()

    async def run() -> tuple[Seen, Seen]:
        async with RawProvider(twice) as server, RawProvider(answering(lambda _: bench.TOKEN)) as tokens:
            one = Bench(provider, server.url, f"{tokens.url}/token", PATIENCE, PATIENCE)
            first = await one.send()
            server.play = silent_end
            second = await one.send(account=2)
            await one.close()
            return first, second

    first, second = asyncio.run(run())
    assert (first.state, second.state) == (provider.taken, provider.unknown)


async def silent_end(connection: Connection) -> None:
    await connection.request()


def test_each_way_is_there_once_and_there_are_many() -> None:
    tables: list[Callable[[], list[str]]] = [
        *(lambda one=one: [case.does for case in cases.cases_of(one)] for one in PROVIDERS),
        lambda: [case.does for case in TOKEN_CASES],
    ]
    for table in tables:
        does = table()
        assert len(set(does)) == len(does) >= 20
    assert len(CASES) >= 30


def test_the_document_is_what_is_played() -> None:
    told = "run PYTHONPATH=tests/contract python -m providers.document"
    assert document.PATH.read_text("utf-8") == document.text(), told


def test_what_is_said_of_hooks_is_shown_by_tests_that_there_are() -> None:
    for _, _, tests in HOOK_CASES:
        for test in tests:
            path, _, name = test.partition("::")
            assert f"def {name}(" in (document.ROOT / path).read_text("utf-8"), test


@pytest.mark.parametrize("answers", ["answers 200 with a page for people", "answers 502 with a page for people"])
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.name)
def test_who_is_ill_makes_one_message_unknown_and_not_the_whole_campaign(provider: Provider, answers: str) -> None:
    case = next(one for one in CASES if one.does == answers)

    async def run() -> tuple[list[Seen], int]:
        async with (
            RawProvider(case.play(provider, "")) as server,
            RawProvider(answering(lambda _: bench.TOKEN)) as tokens,
        ):
            one = Bench(provider, server.url, f"{tokens.url}/token", PATIENCE, PATIENCE)
            seen = [await one.send() for _ in range(20)]
            await one.close()
            return seen, len(server.asked)

    (first, *others), asked = asyncio.run(run())
    assert (first.state, {one.state for one in others}, asked) == (provider.unknown, {MessageState.DEFERRED}, 1)
