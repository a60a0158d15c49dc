"""What fails by what it holds, among others that do not: taken out of their way, into its lane's dead letters.

There it is seen (`python -m chassis.dead_letters list`) and can be replayed: it is a batch like any other of its lane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from prometheus_client import Counter

from channel.batches import UNREADABLE
from chassis.database import Fault, fault_of
from chassis.logs import get_logger

PARKED = Counter("wici_parked_total", "What was taken out of the others' way into dead letters", ["what"])

T = TypeVar("T")

log = get_logger()


def take_halving(take: Callable[[int], Sequence[T]], park: Callable[[], object], limit: int) -> Sequence[T]:
    """`take(limit)`; of what fails by its data half as many, and so on, until one fails alone: that is parked.

    :param take: takes up to so many in a transaction of its own, in the same order each time.
    :param park: takes the first out of the way, in another.
    """
    size = limit
    while True:
        try:
            return take(size)
        except Exception as error:
            if not (fault_of(error) is Fault.DATA or isinstance(error, UNREADABLE)):
                raise
            if size == 1:
                log.error("parked", error=type(error).__name__, take=getattr(take, "__name__", ""))
                PARKED.labels(getattr(take, "__name__", "").strip("_")).inc()
                park()
                size = limit
            else:
                size //= 2
