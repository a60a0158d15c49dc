"""The outlet: messages in groups of one content, each to all its devices, many at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from channel.batches import Header
from channel.outlets import Outlet, OutletEvents
from chassis.logs import get_logger
from contracts.vocabulary import Lane, MessageState
from push_gateway.batches import PushMessage, Target
from push_gateway.content.template import RenderFailed
from push_gateway.domain.answers import Answer, Verdict, outcome_of
from push_gateway.outbound.directory import Credentials, Directory
from push_gateway.outbound.sending import Composition, OpenLinks, Senders
from push_gateway.wires.http import CONNECTIONS

GROUP = 100  # messages whose devices are looked up together
AT_ONCE = 8  # groups
SETTLE_SECONDS = 0.01  # outcomes that come within this time are told together
GENERAL_WAIT = 10.0  # seconds, where a provider that is ill does not say
MOST_HELD = 10_000  # applications that are held back
FAILED = "push.failed"

log = get_logger()


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
        # As many as there are connections: the pool looks through all that wait for one at each answer.
        self._requests = asyncio.Semaphore(CONNECTIONS)
        self._held_until: dict[tuple[str, str, str], float] = {}  # account, application, platform

    # --- what the loop asks

    def has_room(self, lane: Lane) -> bool:
        return sum(self.claiming.values()) + sum(self.claimed.values()) + self.chunk <= self._ahead

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
        left = [message for queue in self._queues.values() for message in queue]
        for queue in self._queues.values():
            queue.clear()
        for message in left:
            message.state, message.was_tried = MessageState.DEFERRED, False
        return left

    async def stop(self, patience: float) -> None:
        self.is_closing = True
        self._wake.set()
        ends = time.monotonic() + patience
        while self._has_groups() and time.monotonic() < ends:
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
        else:
            await asyncio.gather(*(self._send(message, credentials, targets) for message in group))
        finally:
            self._groups.release()

    async def _send(
        self, message: PushMessage, credentials: Credentials | None, targets: Mapping[str, list[Target]]
    ) -> None:
        if self.events.is_stopped(message.header):  # since it was handed over
            self.events.put_off([message])
            return
        try:
            await self._conclude(message, credentials, targets.get(message.recipient["address"], []))
        except RenderFailed as failed:
            message.state, message.code, message.at = MessageState.REJECTED, failed.code, time.time()
        self._settle(message)

    async def _conclude(self, message: PushMessage, credentials: Credentials | None, targets: Sequence[Target]) -> None:
        """Send to each device, and make one outcome of their answers."""
        if credentials is None:
            message.state, message.code, message.at = MessageState.REJECTED, "application.unknown", time.time()
            return
        composition = Composition(message, message.chunk.batch.content, self._links.of(message))
        pushes = [composition.of(target) for target in targets]
        answers: list[Answer] = await asyncio.gather(
            *(self._ask(message, credentials, *pair) for pair in zip(pushes, targets, strict=True))
        )
        message.dead = [target for target, one in zip(targets, answers, strict=True) if one.verdict is Verdict.GONE]
        outcome = outcome_of(answers, message.header.lane)
        message.state, message.code, message.wait = outcome.state, outcome.code, outcome.wait
        message.at = time.time()

    async def _ask(self, message: PushMessage, credentials: Credentials, push: Any, target: Target) -> Answer:
        """The provider's answer; nobody is asked who has just said that it is too much."""
        held = (message.header.account_id, message.chunk.batch.content.sender, str(target.platform))
        wait = self._held_until.get(held, 0.0) - time.monotonic()
        if wait > 0:
            return Answer(Verdict.LATER, f"{target.platform}.throttled", wait)
        try:
            async with self._requests:
                answer = await self._senders.send(credentials, push, target)
        except RenderFailed:
            raise
        except Exception as error:  # one account's credentials or device must not end what all share
            log.exception("push_failed", account_id=message.header.account_id, error_type=type(error).__name__)
            return Answer(Verdict.UNKNOWN, FAILED)
        if answer.is_general:
            if len(self._held_until) >= MOST_HELD:
                self._held_until.clear()
            wait = GENERAL_WAIT if answer.wait is None else answer.wait
            self._held_until[held] = max(self._held_until.get(held, 0.0), time.monotonic() + wait)
        return answer

    def _settle(self, message: PushMessage) -> None:
        if not self._outcomes:
            asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._tell)
        self._outcomes.append(message)

    def _tell(self) -> None:
        if self._outcomes:
            told, self._outcomes = self._outcomes, []
            self.events.settled(told)
