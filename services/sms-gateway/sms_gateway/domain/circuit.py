"""When a carrier that answers, and answers with errors of its own, gets nothing more for a while."""

from __future__ import annotations

from enum import StrEnum

IN_A_ROW = 5  # errors with nothing good between them
RATE, AT_LEAST, OVER_SECONDS = 0.5, 20, 10.0  # or this share, of at least so many answers within so many seconds
FIRST_WAIT, LAST_WAIT = 2.0, 60.0
CLOSES_AFTER = 20  # good answers, one more at a time


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    TRIAL = "trial"


class Circuit:
    """Counts answers; `state` says what the carrier gets. Who uses it waits `wait` seconds after it has opened and
    calls `begin_trial`."""

    def __init__(self) -> None:
        self.state = CircuitState.CLOSED
        self.wait = FIRST_WAIT
        self._began_at = 0.0
        self._good = self._ill = self._in_a_row = 0

    def note(self, now: float, *, good: int, ill: int) -> bool:
        """Count answers; returns whether the circuit has opened by them. `good` is every answer of a carrier that is
        well, a refusal of the message included."""
        if self.state is CircuitState.OPEN:
            return False
        if self.state is CircuitState.CLOSED and now - self._began_at > OVER_SECONDS:
            self._began_at, self._good, self._ill = now, 0, 0
        self._good += good
        self._ill += ill
        self._in_a_row = 0 if good else self._in_a_row + ill
        if self.state is CircuitState.TRIAL:
            if ill:
                return self._open(min(self.wait * 2, LAST_WAIT))
            if self._good >= CLOSES_AFTER:
                self.state, self.wait, self._began_at = CircuitState.CLOSED, FIRST_WAIT, now
            return False
        answers = self._good + self._ill
        if self._in_a_row >= IN_A_ROW or (ill and answers >= AT_LEAST and self._ill >= RATE * answers):
            return self._open(self.wait)
        return False

    def _open(self, wait: float) -> bool:
        self.state, self.wait = CircuitState.OPEN, wait
        return True

    def begin_trial(self) -> None:
        self.state = CircuitState.TRIAL
        self._good = self._ill = self._in_a_row = 0

    def room(self, in_flight: int) -> int | None:
        """How many parts more may be under way; None for as many as the window takes."""
        if self.state is CircuitState.CLOSED:
            return None
        return max(0, 1 + self._good - in_flight) if self.state is CircuitState.TRIAL else 0
