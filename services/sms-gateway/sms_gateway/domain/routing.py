"""Which carrier a message leaves by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from uuid import UUID

from contracts.vocabulary import Lane
from sms_gateway.domain.networks import network_of
from sms_gateway.domain.prices import Amount, place_of

_Shares = tuple[tuple[UUID, int], ...]


@dataclass(frozen=True)
class RouteRule:
    carrier_id: UUID
    prefix: str = ""
    account_id: str | None = None
    lane: str | None = None
    priority: int = 100
    share: int = 1
    network: str | None = None
    by_cost: bool = False


@dataclass(frozen=True)
class _Step:
    """Routes of one prefix, network and priority, which share the traffic; `by_cost`, those alone that cost least."""

    prefix: str
    network: str | None
    by_cost: bool
    shares: _Shares


class Router:
    """Longest prefix first, of one prefix those of the phone's network before those of all, then the lowest priority
    number, of one number those by cost first; carriers that are down are passed over.

    :param cost: what a carrier takes for a part to a place now; None where nobody has said.
    """

    def __init__(
        self, rules: Iterable[RouteRule], cost: Callable[[UUID, str | None], Amount | None] = lambda *_of: None
    ) -> None:
        self._rules = tuple(rules)
        self._cost = cost
        self._steps: dict[tuple[str, Lane], tuple[_Step, ...]] = {}
        self._cheapest_first: dict[tuple[_Step, str | None], list[_Shares]] = {}

    def choose(
        self, address: str, account_id: str, lane: Lane, number: int, is_up: Callable[[UUID], bool]
    ) -> UUID | None:
        """The carrier for one message; None when none that may take it is up. `number` spreads the shares."""
        steps = self._steps.get((account_id, lane))
        if steps is None:
            steps = self._steps[account_id, lane] = self._steps_of(account_id, lane)
        for step in steps:
            if address.startswith(step.prefix) and (step.network is None or step.network == network_of(address)):
                for shares in self._in_order(step, place_of(address)) if step.by_cost else (step.shares,):
                    up = [each for each in shares if is_up(each[0])]
                    if up:
                        return _by_share(up, number)
        return None

    def _in_order(self, step: _Step, place: str | None) -> list[_Shares]:
        """Those that cost the same together, the cheapest first, and those whose cost nobody has said last."""
        found = self._cheapest_first.get((step, place))
        if found is None:
            by_cost: defaultdict[tuple[bool, Fraction], list[tuple[UUID, int]]] = defaultdict(list)
            for carrier_id, share in step.shares:
                cost = self._cost(carrier_id, place)
                by_cost[cost is None, Fraction(*cost) if cost else Fraction(0)].append((carrier_id, share))
            found = self._cheapest_first[step, place] = [tuple(by_cost[key]) for key in sorted(by_cost)]
        return found

    def _steps_of(self, account_id: str, lane: Lane) -> tuple[_Step, ...]:
        fitting = [rule for rule in self._rules if rule.account_id in (None, account_id) and rule.lane in (None, lane)]
        fitting.sort(
            key=lambda rule: (-len(rule.prefix), rule.prefix, *_network_first(rule), rule.priority, not rule.by_cost)
        )
        return tuple(
            _Step(prefix, network, by_cost, tuple((rule.carrier_id, rule.share) for rule in rules))
            for (prefix, network, _, by_cost), rules in groupby(
                fitting, key=lambda rule: (rule.prefix, rule.network, rule.priority, rule.by_cost)
            )
        )


def _network_first(rule: RouteRule) -> tuple[bool, str]:
    return rule.network is None, rule.network or ""


def _by_share(up: list[tuple[UUID, int]], number: int) -> UUID:
    if len(up) == 1:
        return up[0][0]
    point = number % sum(share for _, share in up)
    for carrier_id, share in up:
        if point < share:
            return carrier_id
        point -= share
    return up[-1][0]
