"""How the processes that send by one contract share what it allows."""

from __future__ import annotations

from collections.abc import Mapping

BUSY_WEIGHT = 10  # against 1 of a process that has nothing to send: a code may come to it at any moment


def fair_share(contract: int, busy: Mapping[str, bool], who: str, turn: int) -> int:
    """Whole parts of `contract` (a rate, connections) for `who`; the shares of all of `busy` add up to it.

    Everybody has one where there are enough of them. Where not, they have one each in turns, those with work first.

    :param busy: by process, whether it has anything to send. :param turn: rises with time.
    """
    count = len(busy)
    least = 1 if contract >= count else 0
    rest = contract - least * count
    weights = {each: BUSY_WEIGHT if is_busy else 1 for each, is_busy in busy.items()}
    total = sum(weights.values())
    shares = {each: least + rest * weight // total for each, weight in weights.items()}
    names = sorted(busy)
    names = names[turn % count :] + names[: turn % count]
    in_turn = sorted(names, key=lambda each: not busy[each])  # stable: the order of turns within both
    for each in in_turn[: contract - sum(shares.values())]:
        shares[each] += 1
    return shares[who]
