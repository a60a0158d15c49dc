"""The parts that wait for room in a carrier's windows, by lane."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from itertools import chain

from channel.batches import Header
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel, Lane
from sms_gateway.batches import Part, SmsMessage

LANES = CHANNELS[Channel.SMS].lanes


class PartQueues:
    """First in, first out in each lane; parts that rest wait for their next try beside them."""

    def __init__(self) -> None:
        self.ready: dict[Lane, deque[Part]] = {lane: deque() for lane in LANES}
        self._resting: dict[Part, None] = {}

    def __len__(self) -> int:
        return sum(len(queue) for queue in self.ready.values()) + len(self._resting)

    def oldest(self) -> list[float]:
        """When the message at the head of each lane was accepted, of those lanes in which one waits."""
        return [queue[0].message.header.accepted_at for queue in self.ready.values() if queue]

    def put(self, messages: list[SmsMessage]) -> None:
        """All parts of messages that are composed."""
        for message in messages:
            bodies, message.bodies = message.bodies, []
            message.parts_left = message.travelling = len(bodies)
            parts = [Part(body, message, number) for number, body in enumerate(bodies, 1)]
            self.ready[message.chunk.batch.header.lane].extend(parts)

    def put_first(self, part: Part) -> None:
        self.ready[part.message.chunk.batch.header.lane].appendleft(part)

    def take(self, lane: Lane, space: int) -> list[Part]:
        """At most `space` of a lane."""
        queue = self.ready[lane]
        if space >= len(queue):
            taken = list(queue)
            queue.clear()
            return taken
        return [queue.popleft() for _ in range(space)]

    def rest(self, part: Part) -> None:
        self._resting[part] = None

    def end_rest(self, part: Part) -> bool:
        """Take it out of here; False where it rests no more."""
        if part not in self._resting:
            return False
        del self._resting[part]
        return True

    def wake_up(self, part: Part) -> bool:
        """False where it rests no more."""
        if not self.end_rest(part):
            return False
        self.ready[part.message.header.lane].append(part)
        return True

    def withdraw(self, is_stopped: Callable[[Header], bool]) -> list[SmsMessage]:
        """What has left in part goes on: half a message is of no use to anybody."""
        return self._taken(lambda message: is_stopped(message.header))

    def take_messages(self, *, also_begun: bool) -> list[SmsMessage]:
        """Whole messages, out of all lanes.

        :param also_begun: those too of which parts have left, or are under way.
        """
        return self._taken(lambda message: True, also_begun=also_begun)

    def _taken(self, is_wanted: Callable[[SmsMessage], bool], *, also_begun: bool = False) -> list[SmsMessage]:
        """Of a message whose part is under way nobody knows yet whether it leaves: only one that is here with all its
        parts may be sent anew."""
        waiting = [*chain.from_iterable(self.ready.values()), *self._resting]
        here = Counter(part.message for part in waiting if is_wanted(part.message))
        taken = {
            message: None
            for message, parts in here.items()
            if also_begun or (message.is_unsent and parts == message.travelling)
        }
        if taken:
            for lane, queue in self.ready.items():
                self.ready[lane] = deque(part for part in queue if part.message not in taken)
            self._resting = {part: None for part in self._resting if part.message not in taken}
        return list(taken)
