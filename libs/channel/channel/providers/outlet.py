"""An outlet over a provider's API: messages in groups of one content, each sent by itself, many at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from channel.batches import Header
from channel.outlets import CHUNK, Message, Outlet, OutletEvents
from channel.providers.answers import Answer, Outcome, Verdict
from channel.providers.http import Place
from channel.providers.places import Holds, Places
from channel.providers.reported import outcome_of
from chassis.database import Fault, fault_of
from chassis.logs import get_logger
from contracts.vocabulary import Lane, MessageState

GROUP = 100  # messages that are looked up together
AT_ONCE = 8  # look-ups
SETTLE_SECONDS = 0.01  # outcomes that come within this time are told together

log = get_logger()


class Withheld(Exception):
    """:param answer: what the provider has just said to others; None: the message is not to leave."""

    def __init__(self, answer: Answer | None) -> None:
        super().__init__()
        self.answer = answer


class ProviderOutlet(Outlet):
    """A channel gives `look_up` and `answer`, and asks its provider by `ask`.

    :param name: of the channel, as codes begin.
    :param ahead: how many messages may be claimed and not settled, of all lanes together.
    """

    events: OutletEvents

    def __init__(self, lanes: Sequence[Lane], name: str, *, ahead: int, group: int = GROUP, chunk: int = CHUNK) -> None:
        super().__init__(lanes, outlet_id=name, chunk=chunk)
        self._failed, self._ahead, self._most_in_group = f"{name}.failed", ahead, group
        self._queues: dict[Lane, deque[Any]] = {lane: deque() for lane in self.lanes}
        self._outcomes: list[Any] = []
        self._wake, self._groups = asyncio.Event(), asyncio.Semaphore(AT_ONCE)
        self._holds = Holds()
        self._sending = 0  # messages
        self._kept_back: list[Any] = []

    # --- what a channel gives

    async def look_up(self, group: Sequence[Any]) -> Any:
        """What the messages of a group need to be sent, asked of the database on a thread."""
        raise NotImplementedError

    async def answer(self, message: Any, found: Any) -> Answer | None:
        """Send it; None: it may not leave any more, and has not. A channel may give its own `conclude` instead."""
        raise NotImplementedError

    async def conclude(self, message: Any, found: Any) -> bool:
        """Send it, and give it its outcome; False: it may not leave any more, and has not."""
        answer = await self.answer(message, found)
        if answer is not None:
            self.end(message, outcome_of(answer, message.header.lane))
        return answer is not None

    @staticmethod
    def end(message: Any, outcome: Outcome) -> None:
        message.state, message.code, message.wait = outcome.state, outcome.code, outcome.wait
        message.at = time.time()

    # --- what the loop asks

    def has_room(self, lane: Lane) -> bool:
        most = self._ahead if lane is not Lane.BULK else max(self.chunk, self._ahead * 4 // 5)  # campaigns leave some
        return sum(self.claiming.values()) + sum(self.claimed.values()) + self.chunk <= most

    def room_for_retries(self) -> int:
        return max(0, self._ahead - sum(self.claimed.values()))

    def hand_over(self, messages: list[Any]) -> None:
        for message in messages:
            self._queues[message.header.lane].append(message)
        self._wake.set()

    def withdraw(self, is_stopped: Callable[[Header], bool]) -> list[Any]:
        withdrawn = []
        for lane, queue in self._queues.items():
            withdrawn += [message for message in queue if is_stopped(message.header)]
            self._queues[lane] = deque(message for message in queue if not is_stopped(message.header))
        return withdrawn

    def take_back(self) -> list[Any]:
        if not self.is_closing:
            return []
        left = [*self._kept_back, *(message for queue in self._queues.values() for message in queue)]
        self._kept_back = []
        for queue in self._queues.values():
            queue.clear()
        for message in left:
            message.state, message.was_tried = MessageState.DEFERRED, False
        return left

    async def stop(self, patience: float) -> None:
        self.is_closing = True
        self._wake.set()
        ends = time.monotonic() + patience
        while (self._sending or self._has_groups()) and time.monotonic() < ends:
            await asyncio.sleep(0.02)
        self._tell()

    def _has_groups(self) -> bool:
        return self._groups._value < AT_ONCE

    # --- sending

    async def run(self, spawn: Callable[[Any], Any]) -> None:
        """Send what is handed over, until the outlet is closed.

        :param spawn: runs a group beside the others; a failure of it ends the process.
        """
        while not self.is_closing:
            await self._wake.wait()
            self._wake.clear()
            while not self.is_closing and any(self._queues.values()):
                await self._groups.acquire()
                group = self._next_group()
                if group:
                    spawn(self._send_group(group))
                else:
                    self._groups.release()

    def _next_group(self) -> list[Any]:
        """Messages of one account and content, of the most urgent lane that has any."""
        queue = next((queue for queue in self._queues.values() if queue), None)
        group: list[Any] = []
        while queue and not self.is_closing and len(group) < self._most_in_group:
            if group and queue[0].chunk.batch.content is not group[0].chunk.batch.content:
                break
            group.append(queue.popleft())
        return group

    async def _send_group(self, group: list[Any]) -> None:
        try:
            looked_up = await self._looked_up(group)
        finally:  # before they wait for a provider: the others' look-ups do not wait with them
            self._groups.release()
        self._sending += sum(len(some) for some, _ in looked_up)
        await asyncio.gather(*(self._send(message, found) for some, found in looked_up for message in some))

    async def _looked_up(self, group: list[Any]) -> list[tuple[list[Any], Any]]:
        """Messages with what was found for them; halved until one that the database takes for nonsense is alone."""
        try:
            return [(group, await self.look_up(group))]
        except Exception as error:  # the database is away, or one account's keys cannot be opened: nothing has left
            is_of_one = fault_of(error) is Fault.DATA
            if is_of_one and len(group) > 1:
                middle = len(group) // 2
                return [*await self._looked_up(group[:middle]), *await self._looked_up(group[middle:])]
            account_id = group[0].chunk.batch.content.account_id
            log.error("not_looked_up", account_id=account_id, error_type=type(error).__name__)
            for message in group:
                message.state, message.code, message.at = MessageState.DEFERRED, self._failed, time.time()
                if is_of_one:
                    message.end_refused(self._failed)
                self.settle(message)
            return []

    async def _send(self, message: Any, found: Any) -> None:
        try:
            if await self._concluded(message, found):
                self.settle(message)
            elif self.is_closing:  # its campaign has stopped, or this process ends
                self._kept_back.append(message)
            else:
                self.events.put_off([message])
        finally:
            self._sending -= 1

    async def _concluded(self, message: Any, found: Any) -> bool:
        """What is wrong with one message, or with what was found for it, does not end what all share."""
        try:
            return await self.conclude(message, found)
        except Exception as error:  # it may have left by then: nobody knows
            log.exception("not_concluded", account_id=message.header.account_id, error_type=type(error).__name__)
            message.state, message.code, message.at = MessageState.UNKNOWN, self._failed, time.time()
            return True

    async def ask(
        self,
        message: Message,
        whom: Hashable,
        places: Places,
        request: Callable[[Place], Any],
        *,
        whose: Hashable = None,
    ) -> Answer | None:
        """The provider's answer, None where the message may not leave any more; nobody is asked who has just said no.

        Whether it may leave is asked once more when its turn comes: who waits for a provider may wait for long.

        :param whom: for whom a refusal of all holds.
        :param whose: the sender, who takes no more than a share of the places; None: `whom`.
        :param request: sends it, and refuses itself what cannot be composed.
        """

        def ensure_may_leave() -> None:
            if self.is_closing or self.events.is_stopped(message.header):
                raise Withheld(None)
            if (held := self._holds.answer(whom)) is not None:
                raise Withheld(held)

        @asynccontextmanager
        async def place() -> AsyncIterator[None]:
            async with places.one(message.header.lane, whom if whose is None else whose):
                ensure_may_leave()
                yield

        try:
            ensure_may_leave()
            answer: Answer = await request(place)
        except Withheld as withheld:
            return withheld.answer
        except Exception as error:  # one account's credentials or target must not end what all share
            log.exception("not_sent", account_id=message.header.account_id, error_type=type(error).__name__)
            message.count_unanswered()
            return Answer(Verdict.UNKNOWN, self._failed)
        self._holds.note(whom, answer)
        if answer.verdict is Verdict.UNKNOWN:
            message.count_unanswered()
        return answer

    def settle(self, message: Message) -> None:
        """Its outcome is there: told with those that come within the moment."""
        if not self._outcomes:
            asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._tell)
        self._outcomes.append(message)

    def _tell(self) -> None:
        if self._outcomes:
            told, self._outcomes = self._outcomes, []
            self.events.settled(told)
