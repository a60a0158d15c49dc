"""The parts that wait for room in a carrier's windows, by lane."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

from channel.batches import Header
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel, Lane
from sms_gateway.batches import Part, SmsMessage

LANES = CHANNELS[Channel.SMS].lanes


class PartQueues:
    """First in, first out in each lane; parts that rest wait for their next try beside them."""

    def __init__(self) -> None:
        self.ready: dict[Lane, deque[Part]] = {lane: deque() for lane in LANES}
        self._resting: list[Part] = []

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
        self._resting.append(part)

    def wake_up(self, part: Part) -> bool:
        """False where it rests no more."""
        if part not in self._resting:
            return False
        self._resting.remove(part)
        self.ready[part.message.header.lane].append(part)
        return True

    def end_rest(self) -> None:
        for part in list(self._resting):
            self.wake_up(part)

    def withdraw(self, is_stopped: Callable[[Header], bool]) -> list[SmsMessage]:
        """What has left in part goes on: half a message is of no use to anybody."""
        withdrawn: set[SmsMessage] = set()
        for lane, queue in self.ready.items():
            stopped = Counter(part.message for part in queue if is_stopped(part.message.header))
            taken = {message for message, parts in stopped.items() if parts == message.travelling and message.is_unsent}
            self.ready[lane] = deque(part for part in queue if part.message not in taken)
            withdrawn |= taken
        return list(withdrawn)

    def take_messages(self, *, also_begun: bool) -> list[SmsMessage]:
        """Whole messages, out of all lanes.

        :param also_begun: those too of which parts have left.
        """
        taken: dict[int, SmsMessage] = {}
        for lane, queue in self.ready.items():
            left: deque[Part] = deque()
            for part in queue:
                if also_begun or part.message.is_unsent:
                    taken[id(part.message)] = part.message
                else:
                    left.append(part)
            self.ready[lane] = left
        return list(taken.values())
