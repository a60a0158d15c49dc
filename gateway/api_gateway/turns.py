"""Turns at what there is little of, shared so that no tenant, and no few of them together, takes all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class _Waiter:
    subject: str
    granted: threading.Event = field(default_factory=threading.Event)


class Turns:
    """A subject may have as many turns as are free beside its own, so some always are: one alone takes half of them,
    two a third each, nine a tenth each (dynamic thresholds, Choudhury and Hahne 1998).

    Who waits gets a turn in the order of coming, but for those whose subject has its share already.
    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._taken: Counter[str] = Counter()
        self._waiters: list[_Waiter] = []
        self._lock = threading.Lock()

    def try_take(self, subject: str) -> bool:
        """One turn, if there is one for the subject now."""
        with self._lock:
            return self._try(subject)

    def take(self, subject: str, *, look_seconds: float, give_up: Callable[[], bool]) -> bool:
        """Wait for a turn until `give_up`, which is asked every `look_seconds`; whether there was one."""
        with self._lock:
            if self._try(subject):
                return True
            waiter = _Waiter(subject)
            self._waiters.append(waiter)
        while not waiter.granted.wait(look_seconds):
            if give_up():
                return self._withdraw(waiter)
        return True

    def give_back(self, subject: str) -> None:
        with self._lock:
            self._free += 1
            self._taken[subject] -= 1
            if not self._taken[subject]:
                del self._taken[subject]
            for waiter in list(self._waiters):
                if self._try(waiter.subject):
                    self._waiters.remove(waiter)
                    waiter.granted.set()

    def _try(self, subject: str) -> bool:
        if self._taken.get(subject, 0) >= self._free:
            return False
        self._taken[subject] += 1
        self._free -= 1
        return True

    def _withdraw(self, waiter: _Waiter) -> bool:
        with self._lock:
            if waiter.granted.is_set():
                return True
            self._waiters.remove(waiter)
            return False
