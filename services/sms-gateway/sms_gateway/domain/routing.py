"""Which carrier a message leaves by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from contracts.vocabulary import Lane
from sms_gateway.domain.networks import network_of


@dataclass(frozen=True)
class RouteRule:
    carrier_id: UUID
    prefix: str = ""
    account_id: str | None = None
    lane: str | None = None
    priority: int = 100
    share: int = 1
    network: str | None = None


@dataclass(frozen=True)
class _Step:
    """Routes of one prefix, network and priority, which share the traffic."""

    prefix: str
    network: str | None
    shares: tuple[tuple[UUID, int], ...]


class Router:
    """Longest prefix first, of one prefix those of the phone's network before those of all, then the lowest priority
    number; carriers that are down are passed over."""

    def __init__(self, rules: Iterable[RouteRule]) -> None:
        self._rules = tuple(rules)
        self._steps: dict[tuple[str, Lane], tuple[_Step, ...]] = {}

    def choose(
        self, address: str, account_id: str, lane: Lane, number: int, is_up: Callable[[UUID], bool]
    ) -> UUID | None:
        """The carrier for one message; None when none that may take it is up. `number` spreads the shares."""
        steps = self._steps.get((account_id, lane))
        if steps is None:
            steps = self._steps[account_id, lane] = self._steps_of(account_id, lane)
        for step in steps:
            if address.startswith(step.prefix) and (step.network is None or step.network == network_of(address)):
                up = [each for each in step.shares if is_up(each[0])]
                if up:
                    return _by_share(up, number)
        return None

    def _steps_of(self, account_id: str, lane: Lane) -> tuple[_Step, ...]:
        fitting = [rule for rule in self._rules if rule.account_id in (None, account_id) and rule.lane in (None, lane)]
        fitting.sort(key=lambda rule: (-len(rule.prefix), rule.prefix, *_network_first(rule), rule.priority))
        return tuple(
            _Step(prefix, network, tuple((rule.carrier_id, rule.share) for rule in rules))
            for (prefix, network, _), rules in groupby(
                fitting, key=lambda rule: (rule.prefix, rule.network, rule.priority)
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
