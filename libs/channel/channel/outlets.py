"""Where claimed messages leave by, as the loop sees it: a carrier's binds, mail connections, a provider's API."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from channel.batches import CHUNK, Chunk
from contracts.vocabulary import Lane


class Outlet:
    """The base of a channel's outlets. All of it runs on the loop's thread and must not block.

    By lane: `waiting` holds chunks that nobody has claimed yet, `claiming` counts recipients whose claim is being
    written, `claimed` those that are claimed and not settled.
    """

    def __init__(self, lanes: Sequence[Lane], outlet_id: str | None = None, chunk: int = CHUNK) -> None:
        self.lanes = tuple(lanes)
        self.outlet_id = outlet_id
        self.chunk = chunk
        self.waiting: dict[Lane, deque[Chunk]] = {lane: deque() for lane in self.lanes}
        self.claiming: dict[Lane, int] = dict.fromkeys(self.lanes, 0)
        self.claimed: dict[Lane, int] = dict.fromkeys(self.lanes, 0)
        self.is_closing = False

    @property
    def is_up(self) -> bool:
        """Whether messages can leave by it now."""
        return not self.is_closing

    def has_room(self, lane: Lane) -> bool:
        """Whether one more chunk of the lane may be claimed: it bounds what a crash can leave unknown."""
        raise NotImplementedError

    def room_for_retries(self) -> int:
        """How many messages of the retry schedule may be handed over now."""
        raise NotImplementedError

    def on_claim(self, chunk: Chunk) -> None:
        """The chunk has left `waiting`, and is being claimed."""

    def hand_over(self, messages: list[Any]) -> None:
        """Send claimed messages; each comes back once, with its state, by `Loop.settled`."""
        raise NotImplementedError

    def take_back(self) -> list[Any]:
        """Claimed messages that have not left, in whole or in part, and will not by this outlet."""
        return []

    def is_idle(self) -> bool:
        """Whether nothing that is claimed waits to leave."""
        return not any(self.claimed.values())

    async def stop(self, patience: float) -> None:
        """Take nothing more, wait up to `patience` seconds for answers, close."""
        self.is_closing = True
