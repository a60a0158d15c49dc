"""A/B tests: which recipient gets which variant, and what their figures say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from campaigns import exceptions
from contracts.lanes import BATCH_SIZE
from contracts.vocabulary import AbMetric, AbOutcome, AbStage

# Of each variant: with fewer, hardly any difference could be told from chance.
LEAST_EACH = 30
# The variants take turns in about so many blocks each, so that none is sent later than the others on the whole.
ROUNDS = 20
# Cochran's rule: a normal approximation needs so many expected of those who did, and of those who did not.
LEAST_EXPECTED = 5
SIGNIFICANCE = 0.05


class Message(NamedTuple):
    """Who it is from, and what it says."""

    sender: Any
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Split:
    """Which numbers of an audience have which variant: a function of the number alone, once `each` is settled.

    Blocks of the variants take turns from number 1 on; what is left of `each` is a last, shorter round. The audience is
    numbered in an order that says nothing of the people, so that blocks are as good as lots.

    :ivar each: recipients of one variant.
    """

    variants: int
    each: int

    @property
    def block(self) -> int:
        return max(1, min(BATCH_SIZE, self.each // ROUNDS))

    @property
    def tested(self) -> int:
        """Numbers from 1 to this one are in the test."""
        return self.variants * self.each

    @property
    def _whole(self) -> int:
        return self.each // self.block * self.block * self.variants

    def variant_of(self, number: int) -> int | None:
        """Place of the variant that the recipient of that number gets; None for who is not in the test."""
        if number > self.tested:
            return None
        place = number - 1
        if place < self._whole:
            return place // self.block % self.variants
        return (place - self._whole) // (self.each % self.block)

    def block_end(self, number: int) -> int:
        """The last number that has, side by side with this one, the same variant."""
        place = number - 1
        first, length = (0, self.block) if place < self._whole else (self._whole, self.each % self.block)
        return first + ((place - first) // length + 1) * length


def split_of(total: int, share_percent: int, variants: int) -> Split:
    """:raises Invalid: that share of the audience is too small for so many variants."""
    each = total * share_percent // 100 // variants
    if each < LEAST_EACH:
        raise exceptions.too_small_to_test(total, -(-LEAST_EACH * variants * 100 // share_percent))
    return Split(variants, each)


@dataclass(frozen=True)
class Verdict:
    """:ivar best: place of the variant with the highest rate; None where several have it.
    :ivar rates: of each; None where there is nothing to divide by.
    """

    outcome: AbOutcome
    best: int | None
    z: float | None
    p_value: float | None
    rates: list[float | None]


_OF: Mapping[AbMetric, tuple[str, str]] = {
    AbMetric.OPENS: ("opened", "delivered"),
    AbMetric.CLICKS: ("clicked", "delivered"),
    AbMetric.CLICK_TO_OPEN: ("clicked", "opened"),
    AbMetric.DELIVERED: ("delivered", "sent"),
}


def judge(metric: AbMetric, counts: Sequence[Mapping[str, int]]) -> Verdict:
    """What the variants' counts say: the best against the next by a pooled two-proportion z-test, two-sided.

    With more than two variants the best is the best of several chances: p is multiplied by the pairs (Bonferroni).
    """
    did, base = _OF[metric]
    shares = [(one[did], one[base]) for one in counts]
    rates = [hits / of if of else None for hits, of in shares]
    # The first of equals comes first; one without a base has nothing to show.
    order = sorted(range(len(shares)), key=lambda place: (-_sure(rates[place]), place))
    first, second = order[0], order[1]
    if rates[first] is None or rates[second] is None:
        return Verdict(AbOutcome.TOO_SMALL, None if rates[first] is None else first, None, None, rates)
    is_tie = _equal(shares[first], shares[second])
    best = None if is_tie else first
    if not _is_enough(shares[first], shares[second]):
        return Verdict(AbOutcome.TOO_SMALL, best, None, None, rates)
    z = two_proportions(shares[first], shares[second])
    p_value = min(1.0, math.erfc(abs(z) / math.sqrt(2)) * len(list(combinations(shares, 2))))
    if is_tie:
        return Verdict(AbOutcome.TIE, None, z, p_value, rates)
    outcome = AbOutcome.CLEAR if p_value < SIGNIFICANCE else AbOutcome.INCONCLUSIVE
    return Verdict(outcome, best, z, p_value, rates)


def two_proportions(one: tuple[int, int], other: tuple[int, int]) -> float:
    """z of two shares (how many did, of how many), with the pooled variance; 0 where all or none of both did."""
    (did, of), (other_did, other_of) = one, other
    pooled = (did + other_did) / (of + other_of)
    error = math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / other_of))
    return (did / of - other_did / other_of) / error if error else 0.0


def _sure(rate: float | None) -> float:
    return -1.0 if rate is None else rate


def _equal(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] * other[1] == other[0] * one[1]


def _is_enough(one: tuple[int, int], other: tuple[int, int]) -> bool:
    pooled = (one[0] + other[0]) / (one[1] + other[1])
    return min(one[1], other[1]) * min(pooled, 1 - pooled) >= LEAST_EXPECTED


def variant_named(names: Sequence[str], name: str) -> int:
    """:raises Invalid: the test has no variant of that name."""
    if name not in names:
        raise exceptions.no_such_variant(names)
    return names.index(name)


def messages_of(sender: Any, content: Mapping[str, Any], variants: Sequence[Mapping[str, Any]] | None) -> list[Message]:
    """What each variant says: the campaign's own, but for what the variant says otherwise; one without a test."""
    if not variants:
        return [Message(sender, content)]
    return [
        Message(variant.get("sender") or sender, _said(content, variant.get("content") or {})) for variant in variants
    ]


# Ways to write one body. Who gives another in one of them means none of what was written in the others.
_BODY = ("html", "mjml", "text")


def _said(content: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The campaign's content but for what the variant says otherwise; a new html or MJML brings its own text."""
    replaced = _BODY if own.get("html") or own.get("mjml") else ()
    return {**{name: value for name, value in content.items() if name not in replaced}, **own}


def ensure_different(names: Sequence[str], hashes: Sequence[str]) -> None:
    """:raises Invalid: two variants say the same."""
    for (name, one), (other_name, other) in combinations(zip(names, hashes, strict=True), 2):
        if one == other:
            raise exceptions.variants_same([name, other_name])


def stage_of(*, tested: object, decided: object, winner: int | None) -> AbStage:
    """How far a test is: with a winner it is over, however it was found."""
    if winner is not None:
        return AbStage.DECIDED
    if decided is not None:
        return AbStage.UNDECIDED
    return AbStage.TESTING if tested is None else AbStage.WAITING
