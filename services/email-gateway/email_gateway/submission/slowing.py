"""Log-ins that fail are answered later and later, by the address that they come from and the name that they try.

A right password is never slowed: who knows a name cannot lock its owner out.
"""

from __future__ import annotations

FIRST_SECONDS, MOST_SECONDS = 0.5, 15.0


def wait_after(failures: int) -> float:
    """How long the answer to the last of so many failures waits, in seconds."""
    return float(min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(failures - 1, 10)))
