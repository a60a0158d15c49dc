"""Addresses that mail leaves from: which one takes a mail, how much a new one may send, and what a block is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from hashlib import blake2b
from ipaddress import ip_address
from typing import Protocol, TypeVar
from uuid import UUID


class PoolKind(StrEnum):
    SHARED = "shared"
    DEDICATED = "dedicated"


# Messages on each day from the first: about twice as many from one day to the next, as SendGrid's and Amazon SES'
# guides to the warming of an address have it. After the last day there is no limit.
WARM_UP = (
    50, 100, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000, 40_000, 60_000, 80_000, 120_000, 160_000, 240_000,
    320_000, 480_000, 640_000,
)  # fmt: skip

CHECKED_EVERY = timedelta(hours=6)
CHECKED_AGAIN_AFTER = timedelta(minutes=5)

BLOCKS = 20  # with one code, and at least half of the answers
BLOCKS_AFTER_PAUSE = 3
PAUSE = timedelta(hours=1)
MOST_ANSWERS = 1_000  # that count: what was long ago weighs half


def limit_of(plan: Sequence[int], since: date, day: date) -> int | None:
    """How many messages an address may send on the day; None: as many as there are."""
    number = max((day - since).days, 0)
    return plan[number] if number < len(plan) else None


class Addressed(Protocol):
    @property
    def address(self) -> str: ...


A = TypeVar("A", bound=Addressed)


def in_order(recipient: str, sources: Sequence[A]) -> Sequence[A]:
    """The addresses in the order in which they are tried for the recipient, the same each time.

    A mail that is tried again comes from the same address (greylisting asks for that), and an address that is added or
    taken away moves no more recipients than it has to (rendezvous hashing).
    """
    if len(sources) < 2:
        return sources
    whose = recipient.lower().encode("utf-8", "replace")
    return sorted(sources, key=lambda source: blake2b(source.address.encode() + b" " + whose, digest_size=8).digest())


def canonical(address: str) -> str:
    """As it is kept and compared."""
    return str(ip_address(address))


def reverse_name(address: str) -> str:
    """Where the PTR record of the address stands."""
    return ip_address(address).reverse_pointer


@dataclass(frozen=True)
class Naming:
    """What DNS says of an address: whether it is named as it must be (None: no answer), and what is there instead."""

    is_named: bool | None
    found: str | None


def naming(address: str, ehlo_name: str, pointers: Sequence[str] | None, addresses: Sequence[str] | None) -> Naming:
    """The PTR record names what we say in EHLO, and that leads back (RFC 1912 section 2.1; Gmail asks for both).

    :param pointers: PTR records of the address. :param addresses: A or AAAA records of the name. None: no answer.
    """
    if pointers is None or addresses is None:
        return Naming(None, None)
    names = [pointer.rstrip(".").lower() for pointer in pointers]
    if ehlo_name.lower() not in names:
        return Naming(False, f"PTR: {', '.join(names) or 'no record'}"[:300])
    if ip_address(address) not in {ip_address(each) for each in addresses}:
        return Naming(False, f"{ehlo_name}: {', '.join(addresses) or 'no record'}"[:300])
    return Naming(True, None)


@dataclass(slots=True)
class Answers:
    """What one destination said to one pool."""

    enough: int = BLOCKS
    count: int = 0
    blocks: int = 0

    def note(self, *, is_block: bool) -> bool:
        """Whether the pool is to pause there."""
        if self.count >= MOST_ANSWERS:
            self.count, self.blocks = self.count // 2, self.blocks // 2
        self.count += 1
        self.blocks += is_block
        return is_block and self.blocks >= self.enough and self.blocks * 2 >= self.count


@dataclass(frozen=True)
class Pause:
    """A pool that begins to wait at a destination."""

    pool_id: UUID
    destination: str
    code: str
    refusals: int
