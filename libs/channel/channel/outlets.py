"""Chunks of batches, their messages, and where they leave by: a carrier's binds, mail connections, a provider's API."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import orjson

from channel.batches import UNANSWERED, Batch, Header, Recipient
from contracts.vocabulary import Lane, MessageState

CHUNK = 100
NOT_STORED = "not_stored"  # the code of what is kept without what its peer said of it


class OutletEvents(Protocol):
    """Whom an outlet tells: the loop, on whose thread it runs."""

    def settled(self, messages: Sequence[Message]) -> None:
        """Outcomes: each claimed message once, with its state."""

    def received(self, receipts: list[Any], acknowledge: Callable[[], None]) -> None:
        """Late news; `acknowledge` is called once they are on disk."""

    def wants_claims(self, outlet: Outlet) -> None:
        """There is room, or the outlet came up."""

    def is_stopped(self, header: Header) -> bool:
        """Whether its campaign is paused or has ended, so that nothing of it may leave now."""

    def put_off(self, messages: Sequence[Message]) -> None:
        """Claimed messages of stopped campaigns that have not left: they wait for the campaign, or end with it."""


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

    def take_out(self, is_wanted: Callable[[Header], bool] = lambda _header: True) -> list[Chunk]:
        """The chunks that wait to be claimed and whose batch is wanted; they do not wait here any more."""
        taken: list[Chunk] = []
        for lane, chunks in self.waiting.items():
            taken += [chunk for chunk in chunks if is_wanted(chunk.batch.header)]
            self.waiting[lane] = deque(chunk for chunk in chunks if not is_wanted(chunk.batch.header))
        return taken

    def on_claim(self, chunk: Chunk) -> None:
        """The chunk has left `waiting`, and is being claimed."""

    def hand_over(self, messages: list[Any]) -> None:
        """Send claimed messages; each comes back once, with its state, by `Loop.settled`."""
        raise NotImplementedError

    def withdraw(self, is_stopped: Callable[[Header], bool]) -> list[Any]:
        """Claimed messages of stopped campaigns that have not left, not even in part; the outlet forgets them."""
        return []

    def take_back(self) -> list[Any]:
        """Claimed messages that have not left, in whole or in part, and will not by this outlet."""
        return []

    def is_idle(self) -> bool:
        """Whether nothing that is claimed waits to leave."""
        return not any(self.claimed.values())

    async def stop(self, patience: float) -> None:
        """Take nothing more, wait up to `patience` seconds for answers, close."""
        self.is_closing = True


class Claim:
    """One claim row of this instance and how many of its messages are not settled."""

    __slots__ = ("claim_id", "unsettled")

    def __init__(self, claim_id: UUID, unsettled: int) -> None:
        self.claim_id = claim_id
        self.unsettled = unsettled


class Chunk:
    """Recipients of one batch that are claimed together, all for one outlet (None: none is up)."""

    __slots__ = ("asked", "attempts", "batch", "claim", "composed", "existing", "outlet", "recipients")

    def __init__(self, batch: Batch, outlet: Outlet | None, recipients: list[Recipient]) -> None:
        self.batch = batch
        self.outlet = outlet
        # Those that are to be claimed, and those of them that are. A transaction that is tried again begins with all.
        self.asked = self.recipients = recipients
        self.claim: Claim | None = None
        # Numbers that have a row in the ledger already (accepted or deferred), and how often they were tried.
        self.existing: frozenset[int] = frozenset()
        self.attempts: Mapping[int, int] = {}
        # What the channel has made of the recipients before they were claimed, or noted of them with the claim, where
        # it does so: by number.
        self.composed: Mapping[int, Any] | None = None

    def body(self) -> bytes:
        """What a sweeper needs to finish this chunk for a dead instance."""
        outlet_id = self.outlet.outlet_id if self.outlet else None
        body = {**self.batch.header.as_json(), "outlet_id": outlet_id, "recipients": self.recipients}
        if self.attempts:  # from the retry schedule
            body["attempts"] = {str(number): attempts for number, attempts in self.attempts.items()}
        return orjson.dumps(body)


class Message:
    """One recipient on its way: from the claim to the settlement. A channel's own kind adds slots.

    `at` (Unix seconds) is the moment of the outcome, `due_at` when a deferred message is tried again.
    """

    __slots__ = (
        "at", "attempts", "chunk", "code", "due_at", "existing", "message_id", "outlet", "recipient", "state",
        "was_tried",
    )  # fmt: skip

    def __init__(self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, attempts: int) -> None:
        self.chunk = chunk
        self.recipient = recipient
        self.message_id = message_id
        self.existing = existing
        self.attempts = attempts
        self.outlet: Any = None
        self.state: MessageState | None = None
        self.code: str | None = None
        self.at = 0.0
        self.due_at: datetime | None = None
        # False where it is given back as it came: that counts as no attempt.
        self.was_tried = True

    @property
    def header(self) -> Header:
        return self.chunk.batch.header

    @property
    def unanswered(self) -> int:
        """How often it has left and no answer came. It stands with the recipient, which goes along to other outlets and
        into the schedule."""
        return int(self.recipient.get(UNANSWERED) or 0)

    def count_unanswered(self) -> None:
        """It has left once more, and nobody knows whether it got there."""
        self.recipient[UNANSWERED] = self.unanswered + 1

    def end_refused(self, code: str) -> None:
        """It does not leave (again); where no answer came before, the person may have it all the same."""
        self.state = MessageState.UNKNOWN if self.unanswered else MessageState.REJECTED
        self.code = code

    @property
    def is_given_up(self) -> bool:
        """Whether it has left too often without an answer to leave again; a channel that counts that says so."""
        return False

    @property
    def units(self) -> int:
        """Of quota, that it takes once it is handed over."""
        return 1

    def put_off(self, code: str, now: datetime, wait: timedelta | None) -> None:
        """Its outcome where it is claimed and may not leave: it waits in the schedule; without a `wait` it ends."""
        self.at, self.was_tried = now.timestamp(), False
        if wait is None:
            self.end_refused(code)
        else:
            self.state, self.code, self.due_at = MessageState.DEFERRED, code, now + wait


def chunked(recipients: list[Recipient], size: int = CHUNK) -> Iterable[list[Recipient]]:
    for start in range(0, len(recipients), size):
        yield recipients[start : start + size]
