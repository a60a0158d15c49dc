"""What one transaction of the ledger takes in, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from channel.batches import Batch
from channel.claims import Settled, Taken
from channel.lane_outbox import LaneMessage
from channel.outlets import Chunk, Claim, Message
from channel.ports import Event
from contracts.vocabulary import MessageState


@dataclass
class Acknowledgement:
    """Receipts and whom to answer once they are on disk."""

    receipts: list[Any]
    acknowledge: Callable[[], None]


@dataclass
class Work:
    """What one transaction takes in."""

    chunks: list[Chunk] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    # Batches some of whose recipients somebody else had settled: outcome by outcome.
    settled_elsewhere: list[tuple[Batch, list[Settled]]] = field(default_factory=list)
    published: list[int] = field(default_factory=list)

    def halves(self) -> list[Work]:
        """What can be refused, in two, in the order in which a transaction takes it; of a single thing nothing."""
        things: list[Any] = [*self.messages, *_singly(self.acknowledgements), *self.chunks]
        if len(things) < 2:
            return []
        middle = len(things) // 2
        return [_work_of(things[:middle]), _work_of(things[middle:])]

    def __bool__(self) -> bool:
        return bool(self.chunks or self.messages or self.acknowledgements or self.settled_elsewhere or self.published)


def _singly(acknowledgements: Sequence[Acknowledgement]) -> list[Acknowledgement]:
    """One for each receipt; the carrier is answered with the last of those that came together."""
    singly = []
    for each in acknowledgements:
        singly += [Acknowledgement([receipt], _nobody) for receipt in each.receipts[:-1]]
        singly.append(Acknowledgement(each.receipts[-1:], each.acknowledge))
    return singly


def _nobody() -> None:
    """Whom to answer where the last receipt's answer tells of all."""


def _work_of(things: Sequence[Any]) -> Work:
    return Work(
        chunks=[each for each in things if isinstance(each, Chunk)],
        messages=[each for each in things if isinstance(each, Message)],
        acknowledgements=[each for each in things if isinstance(each, Acknowledgement)],
    )


@dataclass
class Outcome:
    """What the loop may do now that it is committed."""

    work: Work
    taken: list[Taken] = field(default_factory=list)
    done: list[Batch] = field(default_factory=list)
    to_publish: list[LaneMessage] = field(default_factory=list)
    told: Sequence[Event] = ()  # what receipts said of messages that had left before
    transaction: str | None = None  # PostgreSQL's id of it, while nobody knows whether it was committed


def count(work: Work) -> tuple[list[UUID], list[Batch]]:
    """Count what is settled; returns the claims and the batches that end with this."""
    claims_done: list[UUID] = []
    touched: dict[int, Batch] = {}
    for message in work.messages:
        claim, batch = message.chunk.claim, message.chunk.batch
        assert isinstance(claim, Claim) and message.state is not None
        claim.unsettled -= 1
        if not claim.unsettled:
            claims_done.append(claim.claim_id)
        batch.settle(message.state, message.code, message.units)
        touched[id(batch)] = batch
    for batch, outcomes in work.settled_elsewhere:
        for state, code in outcomes:
            batch.settle(MessageState(state), code)
        touched[id(batch)] = batch
    return claims_done, [batch for batch in touched.values() if batch.unsettled == 0]
