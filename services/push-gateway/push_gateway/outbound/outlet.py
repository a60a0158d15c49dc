"""The outlet: messages in groups of one content, each to all its devices, many at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from channel.batches import Header
from channel.outlets import Outlet, OutletEvents
from chassis.logs import get_logger
from contracts.push_gateway.devices import Platform
from contracts.vocabulary import Lane, MessageState
from push_gateway.batches import PushMessage, Target
from push_gateway.content.template import RenderFailed
from push_gateway.domain.answers import Answer, Verdict, outcome_of
from push_gateway.outbound.directory import Credentials, Directory
from push_gateway.outbound.places import Holds, Places
from push_gateway.outbound.sending import Composition, OpenLinks, Senders

GROUP = 100  # messages whose devices are looked up together
AT_ONCE = 8  # look-ups
SETTLE_SECONDS = 0.01  # outcomes that come within this time are told together
FAILED = "push.failed"

_HAS_LEFT = frozenset({Verdict.ACCEPTED, Verdict.UNKNOWN})

log = get_logger()


class _Withheld(Exception):
    """:param answer: what the provider has just said to others; None: the message is not to leave."""

    def __init__(self, answer: Answer | None) -> None:
        super().__init__()
        self.answer = answer


class PushOutlet(Outlet):
    """:param ahead: how many messages may be claimed and not settled, of all lanes together."""

    events: OutletEvents

    def __init__(
        self, lanes: Sequence[Lane], directory: Directory, senders: Senders, links: OpenLinks, *, ahead: int
    ) -> None:
        super().__init__(lanes, outlet_id="push")
        self._directory, self._senders, self._links, self._ahead = directory, senders, links, ahead
        self._queues: dict[Lane, deque[PushMessage]] = {lane: deque() for lane in self.lanes}
        self._outcomes: list[PushMessage] = []
        self._wake, self._groups = asyncio.Event(), asyncio.Semaphore(AT_ONCE)
        self._places, self._holds = {platform: Places() for platform in Platform}, Holds()
        self._sending = 0  # messages
        self._kept_back: list[PushMessage] = []

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

    def _next_group(self) -> list[PushMessage]:
        """Messages of one account and content, of the most urgent lane that has any."""
        queue = next((queue for queue in self._queues.values() if queue), None)
        group: list[PushMessage] = []
        while queue and not self.is_closing and len(group) < GROUP:
            if group and queue[0].chunk.batch.content is not group[0].chunk.batch.content:
                break
            group.append(queue.popleft())
        return group

    async def _send_group(self, group: list[PushMessage]) -> None:
        content = group[0].chunk.batch.content
        addresses = {message.recipient["address"] for message in group}
        asked = (content.account_id, content.sender, addresses)
        try:
            credentials, targets = await asyncio.to_thread(self._directory.look_up, *asked)
        except Exception as error:  # the database is away, or one account's keys cannot be opened: nothing has left
            log.error("devices_not_found_out", account_id=content.account_id, error_type=type(error).__name__)
            for message in group:
                message.state, message.code = MessageState.DEFERRED, FAILED
                self._settle(message)
            return
        finally:  # before they wait for a provider: the others' look-ups do not wait with them
            self._groups.release()
        self._sending += len(group)
        await asyncio.gather(*(self._send(message, credentials, targets) for message in group))

    async def _send(
        self, message: PushMessage, credentials: Credentials | None, targets: Mapping[str, list[Target]]
    ) -> None:
        try:
            if credentials is None:
                message.state, message.code, message.at = MessageState.REJECTED, "application.unknown", time.time()
                self._settle(message)
            else:
                await self._conclude(message, credentials, targets.get(message.recipient["address"], []))
        finally:
            self._sending -= 1

    async def _conclude(self, message: PushMessage, credentials: Credentials, targets: Sequence[Target]) -> None:
        """Send to each device, and make one outcome of their answers."""
        composition = Composition(message, message.chunk.batch.content, self._links.of(message))
        asked = [self._ask(message, credentials, composition, target) for target in targets]
        answers: list[Answer | None] = await asyncio.gather(*asked)
        known = [answer for answer in answers if answer is not None]
        if len(known) < len(answers) and not any(answer.verdict in _HAS_LEFT for answer in known):
            self._keep_back(message)
            return
        message.dead = [
            target
            for target, one in zip(targets, answers, strict=True)
            if one is not None and one.verdict is Verdict.GONE
        ]
        outcome = outcome_of(known, message.header.lane)
        message.state, message.code, message.wait = outcome.state, outcome.code, outcome.wait
        message.at = time.time()
        self._settle(message)

    def _keep_back(self, message: PushMessage) -> None:
        """It has not left, and does not now: its campaign has stopped, or this process ends."""
        if self.is_closing:
            self._kept_back.append(message)
        else:
            self.events.put_off([message])

    async def _ask(
        self, message: PushMessage, credentials: Credentials, composition: Composition, target: Target
    ) -> Answer | None:
        """The provider's answer, None where the message may not leave any more; nobody is asked who has just said no.

        Whether it may leave is asked once more when its turn comes: who waits for a provider may wait for long.
        """
        whom = credentials.whom(target)

        def ensure_may_leave() -> None:
            if self.is_closing or self.events.is_stopped(message.header):
                raise _Withheld(None)
            if (held := self._holds.answer(whom)) is not None:
                raise _Withheld(held)

        @asynccontextmanager
        async def place() -> AsyncIterator[None]:
            async with self._places[Platform(target.platform)].one(message.header.lane):
                ensure_may_leave()
                yield

        try:
            ensure_may_leave()
            answer = await self._senders.send(credentials, composition.of(target), target, place)
        except _Withheld as withheld:
            return withheld.answer
        except RenderFailed as failed:  # in this language or for this platform; the other devices get theirs
            return Answer(Verdict.REFUSED, failed.code)
        except Exception as error:  # one account's credentials or device must not end what all share
            log.exception("push_failed", account_id=message.header.account_id, error_type=type(error).__name__)
            return Answer(Verdict.UNKNOWN, FAILED)
        self._holds.note(whom, answer)
        return answer

    def _settle(self, message: PushMessage) -> None:
        if not self._outcomes:
            asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._tell)
        self._outcomes.append(message)

    def _tell(self) -> None:
        if self._outcomes:
            told, self._outcomes = self._outcomes, []
            self.events.settled(told)
