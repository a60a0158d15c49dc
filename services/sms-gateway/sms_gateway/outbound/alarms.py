"""Steps that a carrier takes on the loop at a later moment, and not once it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarms:
    """Call `after` on the loop's thread."""

    def __init__(self) -> None:
        self._pending: set[asyncio.TimerHandle] = set()

    def after(self, seconds: float, step: Callable[[], object]) -> None:
        def run() -> None:
            self._pending.discard(alarm)
            step()

        alarm = asyncio.get_running_loop().call_later(seconds, run)
        self._pending.add(alarm)

    def cancel(self) -> None:
        for alarm in self._pending:
            alarm.cancel()
