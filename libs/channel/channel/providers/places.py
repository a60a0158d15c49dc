"""How many requests are under way at once, by provider, and whom a provider will not hear for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import replace

from channel.providers.answers import Answer, Verdict
from channel.providers.http import CONNECTIONS
from contracts.vocabulary import Lane

KEPT = 10  # of a provider's places: campaigns do not take them
OF_ONE = 35  # places that one sender's campaigns take at most, and its single messages: others find some
GENERAL_WAIT = 10.0  # seconds, where a provider that is ill does not say
MOST_HELD = 10_000  # applications that are held back


class _Share:
    """What one sender may take. `users`: who has some, or waits."""

    def __init__(self, most: int) -> None:
        self.places, self.users = asyncio.Semaphore(most), 0


class Places:
    """A provider's, as many as there are connections: the pool looks through all that wait for one at each answer.

    A sender's message takes one of its own first, and a campaign's one of the campaigns', so that a single one always
    finds some that campaigns left, and each sender some that the others left.
    """

    def __init__(self, most: int = CONNECTIONS, kept: int = KEPT, of_one: int = OF_ONE) -> None:
        self._all, self._campaigns = asyncio.Semaphore(most), asyncio.Semaphore(most - kept)
        self._of_one = of_one
        self._shares: dict[Hashable, _Share] = {}

    @asynccontextmanager
    async def one(self, lane: Lane, whose: Hashable) -> AsyncIterator[None]:
        """:param whose: the sender: an application, a number, an agent."""
        async with self._share((whose, lane is Lane.BULK)):  # its own campaign holds up no code of its either
            if lane is not Lane.BULK:
                async with self._all:
                    yield
                return
            async with self._campaigns, self._all:
                yield

    @asynccontextmanager
    async def _share(self, whose: Hashable) -> AsyncIterator[None]:
        share = self._shares.setdefault(whose, _Share(self._of_one))
        share.users += 1
        try:
            async with share.places:
                yield
        finally:
            share.users -= 1
            if not share.users:
                del self._shares[whose]


class Holds:
    """Who is not asked again yet, with the answer that said so. :param clock: seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[Hashable, tuple[float, Answer]] = {}

    def answer(self, whom: Hashable) -> Answer | None:
        """What it would say again; None: it may be asked."""
        until, answer = self._held.get(whom, (0.0, None))
        wait = until - self._clock()
        return replace(answer, wait=wait) if answer is not None and wait > 0 else None

    def note(self, whom: Hashable, answer: Answer) -> None:
        """Who is held back has not left, whatever is not known of the one that was answered."""
        if not answer.is_general:
            return
        if answer.verdict is Verdict.UNKNOWN:
            answer = replace(answer, verdict=Verdict.LATER)
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        until = self._clock() + (GENERAL_WAIT if answer.wait is None else answer.wait)
        if until > self._held.get(whom, (0.0, None))[0]:
            self._held[whom] = until, answer
