"""What a part of an SMS costs: by plan or carrier, by network, and from which moment on. Amounts are whole numbers."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sms_gateway.domain.countries import country_of
from sms_gateway.domain.networks import network_of

Owner = str | UUID | None  # a plan, a carrier, or every plan


class Amount(NamedTuple):
    """Minor units for so many parts."""

    minor: int
    per_parts: int


@dataclass(frozen=True)
class Price:
    """From `since` (seconds since 1970) on. :ivar place: a network, a country, or None: everywhere else."""

    owner: Owner
    place: str | None
    amount: Amount | None
    since: float


class PriceList:
    """All prices; which holds is found once for each owner, place and stretch of time between changes."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._by_key: dict[tuple[Owner, str | None], list[tuple[float, Amount | None]]] = {}
        for price in prices:
            insort(
                self._by_key.setdefault((price.owner, price.place), []),
                (price.since, price.amount),
                key=lambda it: it[0],
            )
        self._changes = sorted({since for entries in self._by_key.values() for since, _ in entries})
        self._found: dict[tuple[Owner, str | None, int], Amount | None] = {}

    def of_account(self, plan: str | None, place: str | None, at: float) -> int | None:
        """Minor units that an account on this plan pays for a part; None where nobody has said."""
        found = self._holding(plan, place, at)
        if found is None and plan is not None:
            found = self._holding(None, place, at)
        return None if found is None else found.minor

    def of_carrier(self, carrier_id: UUID, place: str | None, at: float) -> Amount | None:
        """What the carrier takes; None where nobody has said."""
        return self._holding(carrier_id, place, at)

    def places(self, plan: str | None) -> list[str | None]:
        """Everywhere that has a price of its own for this plan or for every one; None, everywhere else, comes first."""
        found = {place for owner, place in self._by_key if owner is None or owner == plan}
        return sorted(found, key=lambda place: (place is not None, place or ""))

    def _holding(self, owner: Owner, place: str | None, at: float) -> Amount | None:
        key = owner, place, bisect_right(self._changes, at)
        if key not in self._found:
            self._found[key] = self._look(owner, place, at)
        return self._found[key]

    def _look(self, owner: Owner, place: str | None, at: float) -> Amount | None:
        for each in _wider(place):
            entries = self._by_key.get((owner, each), ())
            before = bisect_right(entries, at, key=lambda it: it[0])
            if before and (amount := entries[before - 1][1]) is not None:
                return amount
        return None


def place_of(address: str) -> str | None:
    """The network of a number, else its country, `us`; None where it has neither. `address`: E.164."""
    return network_of(address) or country_of(address).lower() or None


def _wider(place: str | None) -> tuple[str | None, ...]:
    if place is None:
        return (None,)
    return (place, place[:2], None) if "." in place else (place, None)
